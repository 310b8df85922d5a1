#include "core/models/sources/source_model.h"

#include <utility>

#include "core/check.h"
#include "core/random/counter_rng.h"

namespace speclab {

SourceModel::Cache& SourceModel::cache(SequenceId sequence) {
  return const_cast<Cache&>(std::as_const(*this).cache(sequence));
}

const SourceModel::Cache& SourceModel::cache(SequenceId sequence) const {
  const auto index = static_cast<std::size_t>(sequence);
  SPECLAB_CHECK(index < caches_.size() && caches_[index].open, "sequence {} is not open", index);
  return caches_[index];
}

void SourceModel::open(SequenceId sequence) {
  const auto index = static_cast<std::size_t>(sequence);
  if (caches_.size() <= index) caches_.resize(index + 1);
  SPECLAB_CHECK(!caches_[index].open, "sequence {} is open already", index);
  caches_[index].open = true;
}

void SourceModel::close(SequenceId sequence) { cache(sequence) = {}; }

int SourceModel::length(SequenceId sequence) const { return static_cast<int>(cache(sequence).text.size()); }

const Forward& SourceModel::forward(std::span<const SequenceInput> batch) {
  std::size_t max_rows = 0;
  bool features = false;
  for (const SequenceInput& slice : batch) {
    max_rows += (slice.give == PassOutput::features ? slice.text.size() : 1) + slice.nodes.size();
    features |= slice.give == PassOutput::features;
  }
  const auto cols = static_cast<std::size_t>(vocab_);
  if (values_.size() < max_rows * cols) values_.resize(max_rows * cols);
  result_.first.clear();
  Work work{.op = Op::forward, .sequences = static_cast<int>(batch.size())};
  for (const SequenceInput& slice : batch) {
    Cache& cached = cache(slice.sequence);
    const auto before = static_cast<std::int64_t>(cached.text.size());
    const auto fresh = static_cast<std::int64_t>(slice.text.size());
    work.context += before + cached.nodes;
    work.new_tokens += static_cast<int>(slice.text.size() + slice.nodes.size());
    work.pairs += before * fresh + fresh * (fresh + 1) / 2;
    result_.first.push_back(work.rows);

    std::uint64_t hash = cached.text.empty() ? 0 : cached.text.back();
    const auto write_row = [&](const Site& site) {
      source_->logits(site, {values_.data() + static_cast<std::size_t>(work.rows++) * cols, cols});
    };
    for (const Token token : slice.text) {
      cached.text.push_back(hash = mixed(hash, static_cast<std::uint64_t>(token)));
      if (slice.give == PassOutput::features) write_row({token, hash, 1});
    }
    const auto length = static_cast<std::int64_t>(cached.text.size());
    if (slice.give == PassOutput::scores && fresh > 0) write_row({slice.text.back(), hash, 1});
    if (slice.nodes.empty()) continue;
    const auto size = static_cast<std::size_t>(slice.tree->size());
    if (cached.node.size() < size) {
      cached.node.resize(size);
      cached.drafted.resize(size);
    }
    for (const int node : slice.nodes) {
      const int parent = slice.tree->parent(node), depth = slice.tree->depth(node);
      SPECLAB_CHECK(parent == 0 || cached.evaluated(parent), "node {} comes before its parent {}", node,
                    parent);
      SPECLAB_CHECK(!cached.evaluated(node), "node {} was evaluated before", node);
      const std::uint64_t above = parent == 0 ? cached.text.back() : cached.node[parent];
      const std::uint64_t here = mixed(above, static_cast<std::uint64_t>(slice.tree->token(node)));
      cached.node[node] = here;
      cached.drafted[node] = cached.draft;
      ++cached.nodes;
      work.pairs += length + depth;
      if (slice.give == PassOutput::scores) write_row({slice.tree->token(node), here, depth + 1});
    }
  }
  result_.hidden = {values_.data(), work.rows, vocab_, Place::host};
  if (features) work.rows = 0;
  result_.logits = {values_.data(), work.rows, vocab_, Place::host};
  result_.work = work;
  return result_;
}

Work SourceModel::commit(std::span<const Commit> batch) {
  Work work{.op = Op::commit, .sequences = static_cast<int>(batch.size())};
  for (const Commit& kept : batch) {
    Cache& cached = cache(kept.sequence);
    work.context += static_cast<std::int64_t>(cached.text.size());
    for (const int node : kept.path) {
      if (!cached.evaluated(node)) break;
      cached.text.push_back(cached.node[node]);
      ++work.new_tokens;
    }
    cached.forget_nodes();
  }
  return work;
}

Work SourceModel::truncate(std::span<const Truncation> batch) {
  Work work{.op = Op::truncate, .sequences = static_cast<int>(batch.size())};
  for (const Truncation& rewound : batch) {
    Cache& cached = cache(rewound.sequence);
    SPECLAB_CHECK(rewound.length >= 0 && static_cast<std::size_t>(rewound.length) <= cached.text.size(),
                  "cannot rewind {} tokens to {}", cached.text.size(), rewound.length);
    cached.text.resize(static_cast<std::size_t>(rewound.length));
    cached.forget_nodes();
  }
  return work;
}

}  // namespace speclab
