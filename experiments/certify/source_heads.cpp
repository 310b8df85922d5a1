#include "experiments/certify/source_heads.h"

#include <algorithm>
#include <bit>

#include "core/check.h"
#include "core/random/counter_rng.h"

namespace speclab {
namespace {

std::uint64_t hash_of(std::span<const float> row) {
  std::uint64_t hash = 1;
  for (const float value : row) hash = mixed(hash, std::bit_cast<std::uint32_t>(value));
  return hash | 1;
}

// The source's row at the token that a hash names, appended.
void append_row(const TokenSource& source, std::uint64_t hash, std::vector<float>& values) {
  const auto cols = static_cast<std::size_t>(source.vocab());
  values.resize(values.size() + cols);
  source.logits({static_cast<Token>(hash % cols), hash, 1}, std::span(values).last(cols));
}

}  // namespace

void SourceHeads::open(SequenceId sequence) {
  SPECLAB_CHECK(rows_.try_emplace(sequence, 0).second, "sequence {} is open already",
                static_cast<int>(sequence));
}

void SourceHeads::close(SequenceId sequence) {
  SPECLAB_CHECK(rows_.erase(sequence) == 1, "sequence {} is not open", static_cast<int>(sequence));
}

void SourceHeads::set_hidden(SequenceId sequence, Row hidden) { rows_.at(sequence) = hash_of(hidden.f32()); }

bool SourceHeads::has_hidden(SequenceId sequence) const { return rows_.at(sequence) != 0; }

const Forward& SourceHeads::forward(std::span<const Question> questions) {
  values_.clear();
  for (const Question& question : questions) {
    SPECLAB_CHECK(question.head < count_ && has_hidden(question.sequence), "head {} of {}", question.head,
                  count_);
    SPECLAB_CHECK(question.after.empty() || static_cast<int>(question.after.size()) == question.head + 1,
                  "head {} reads {} tokens", question.head, question.after.size());
    std::uint64_t hash = mixed(rows_.at(question.sequence), static_cast<std::uint64_t>(question.head));
    for (const Token token : question.after) hash = mixed(hash, static_cast<std::uint64_t>(token));
    append_row(*source_, hash, values_);
  }
  const int rows = static_cast<int>(questions.size());
  forward_.logits = {values_.data(), rows, source_->vocab(), Place::host};
  forward_.work = {.sequences = rows, .new_tokens = rows, .rows = rows};
  return forward_;
}

SourceFeatures::State& SourceFeatures::find(SequenceId sequence) {
  const auto found = states_.find(sequence);
  SPECLAB_CHECK(found != states_.end(), "sequence {} is not open", static_cast<int>(sequence));
  return found->second;
}

void SourceFeatures::open(SequenceId sequence) {
  SPECLAB_CHECK(states_.try_emplace(sequence).second, "sequence {} is open already",
                static_cast<int>(sequence));
}

void SourceFeatures::close(SequenceId sequence) {
  SPECLAB_CHECK(states_.erase(sequence) == 1, "sequence {} is not open", static_cast<int>(sequence));
}

int SourceFeatures::length(SequenceId sequence) const { return states_.at(sequence).length; }

void SourceFeatures::set_features(SequenceId sequence, Row feature) {
  find(sequence).told.push_back(hash_of(feature.f32()));
}

const Forward& SourceFeatures::forward(std::span<const SequenceInput> batch) {
  values_.clear();
  forward_.first.clear();
  int rows = 0;
  const auto cols = static_cast<std::size_t>(source_->vocab());
  for (const SequenceInput& slice : batch) {
    State& state = find(slice.sequence);
    forward_.first.push_back(rows);
    const auto answer = [&](std::uint64_t feature, Token token, std::size_t node) {
      append_row(*source_, mixed(feature, static_cast<std::uint64_t>(token)), values_);
      if (state.made.size() <= node) state.made.resize(node + 1);
      state.made[node] = hash_of(std::span(values_).last(cols));
      ++rows;
    };
    state.length += static_cast<int>(slice.text.size());
    if (!slice.text.empty()) {
      SPECLAB_CHECK(static_cast<int>(state.told.size()) >= state.length - 1,
                    "{} features for a text of {} tokens", state.told.size(), state.length);
      if (slice.give == PassOutput::scores) {
        SPECLAB_CHECK(state.length > 1, "the first token of a text has no row");
        answer(state.told[static_cast<std::size_t>(state.length) - 2], slice.text.back(), 0);
      }
    }
    for (const int node : slice.nodes) {
      answer(state.made[slice.tree->parent(node)], slice.tree->token(node), static_cast<std::size_t>(node));
    }
  }
  forward_.logits = {values_.data(), rows, source_->vocab(), Place::host};
  forward_.work = {.sequences = static_cast<int>(batch.size()), .new_tokens = rows, .rows = rows};
  return forward_;
}

Work SourceFeatures::commit(std::span<const Commit>) { return {.op = Op::commit}; }

Work SourceFeatures::truncate(std::span<const Truncation> batch) {
  for (const Truncation& rewound : batch) {
    State& state = find(rewound.sequence);
    state.length = rewound.length;
    state.told.resize(std::min(state.told.size(), static_cast<std::size_t>(rewound.length)));
  }
  return {.op = Op::truncate};
}

}  // namespace speclab
