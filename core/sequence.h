#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/random_source.h"
#include "core/token_tree.h"

namespace speclab {

enum class SequenceId : std::int32_t {};

// How logits become a distribution, for target and draft alike: temperature first, then the
// top_k likeliest tokens, then the fewest of those whose probability reaches top_p.
struct Sampling {
  double temperature = 1;  // 0: the likeliest token, always
  int top_k = 0;           // 0: all
  double top_p = 1;        // 1: all

  bool operator==(const Sampling&) const = default;
};

// One request as it is being decoded. The last token of `text` is certain but not yet
// evaluated by the target: it is the root of the next speculative tree.
struct Sequence {
  SequenceId id{};
  std::vector<Token> text;
  int prompt_length = 0;
  int max_new_tokens = 0;
  std::vector<Token> end_tokens;  // any of these ends the text, and is its last token
  Sampling sampling;
  std::shared_ptr<RandomSource>
      draft_chance;  // apart, so that another drafter does not shift the judge's draws
  std::shared_ptr<RandomSource> judge_chance;

  int new_tokens() const { return static_cast<int>(text.size()) - prompt_length; }
  bool finished() const {
    return new_tokens() >= max_new_tokens ||
           (new_tokens() > 0 && std::ranges::find(end_tokens, text.back()) != end_tokens.end());
  }
};

using Batch = std::span<Sequence* const>;  // the sequences that run now; they join and leave between steps

}  // namespace speclab
