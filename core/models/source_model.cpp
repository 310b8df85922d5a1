#include "core/models/source_model.h"

#include <utility>

#include "core/check.h"

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
  caches_[index].empty = source_->start(sequence);
  caches_[index].open = true;
}

void SourceModel::close(SequenceId sequence) { cache(sequence) = {}; }

int SourceModel::length(SequenceId sequence) const { return static_cast<int>(cache(sequence).text.size()); }

void SourceModel::write_row(TokenSource::State state, const Site& site) {
  const std::size_t at = values_.size();
  values_.resize(at + static_cast<std::size_t>(vocab()));
  source_->logits(state, site, std::span(values_).subspan(at));
}

const Forward& SourceModel::forward(std::span<const Slice> batch) {
  values_.clear();
  result_.first.clear();
  Work work{.op = Op::forward, .sequences = static_cast<int>(batch.size())};
  for (const Slice& slice : batch) {
    Cache& cached = cache(slice.sequence);
    const auto before = static_cast<std::int64_t>(cached.text.size());
    const auto fresh = static_cast<std::int64_t>(slice.text.size());
    work.context += before + cached.nodes;
    work.new_tokens += static_cast<int>(slice.text.size() + slice.nodes.size());
    work.pairs += before * fresh + fresh * (fresh + 1) / 2;
    result_.first.push_back(work.rows);

    TokenSource::State state = cached.text.empty() ? cached.empty : cached.text.back();
    for (const Token token : slice.text) cached.text.push_back(state = source_->advance(state, token));
    const auto length = static_cast<std::int64_t>(cached.text.size());
    if (slice.rows && fresh > 0) {
      write_row(state, {slice.sequence, length, 1});
      ++work.rows;
    }
    if (slice.nodes.empty()) continue;
    const auto size = static_cast<std::size_t>(slice.tree->size());
    if (cached.node.size() < size) {
      cached.node.resize(size);
      cached.evaluated.resize(size);
    }
    for (const int node : slice.nodes) {
      const int parent = slice.tree->parent(node), depth = slice.tree->depth(node);
      SPECLAB_CHECK(parent == 0 || cached.evaluated[parent], "node {} comes before its parent {}", node, parent);
      SPECLAB_CHECK(!cached.evaluated[node], "node {} was evaluated before", node);
      cached.node[node] =
          source_->advance(parent == 0 ? cached.text.back() : cached.node[parent], slice.tree->token(node));
      cached.evaluated[node] = true;
      ++cached.nodes;
      work.pairs += length + depth;
      if (!slice.rows) continue;
      write_row(cached.node[node], {slice.sequence, length + depth, depth + 1});
      ++work.rows;
    }
  }
  result_.logits = {values_.data(), work.rows, vocab(), Place::host};
  result_.work = work;
  return result_;
}

Work SourceModel::keep(std::span<const Kept> batch) {
  Work work{.op = Op::keep, .sequences = static_cast<int>(batch.size())};
  for (const Kept& kept : batch) {
    Cache& cached = cache(kept.sequence);
    work.context += static_cast<std::int64_t>(cached.text.size());
    for (const int node : kept.path) {
      if (static_cast<std::size_t>(node) >= cached.evaluated.size() || !cached.evaluated[node]) break;
      cached.text.push_back(cached.node[node]);
      ++work.new_tokens;
    }
    cached.evaluated.assign(cached.evaluated.size(), false);
    cached.nodes = 0;
  }
  return work;
}

Work SourceModel::rewind(std::span<const Rewound> batch) {
  Work work{.op = Op::rewind, .sequences = static_cast<int>(batch.size())};
  for (const Rewound& rewound : batch) {
    Cache& cached = cache(rewound.sequence);
    SPECLAB_CHECK(rewound.length >= 0 && static_cast<std::size_t>(rewound.length) <= cached.text.size(),
                  "cannot rewind {} tokens to {}", cached.text.size(), rewound.length);
    cached.text.resize(static_cast<std::size_t>(rewound.length));
    cached.evaluated.assign(cached.evaluated.size(), false);
    cached.nodes = 0;
  }
  return work;
}

}  // namespace speclab
