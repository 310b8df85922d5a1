#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "core/acceptance_rule.h"
#include "core/distributions.h"
#include "core/sequence.h"

namespace speclab {

struct Combination;

// What a combination and a request must have for a bug to show in the text.
struct ShowsWith {
  bool drawn = false;                // guesses drawn from the draft's scores
  bool without_replacement = false;  // drawn without putting back
  bool independent = false;          // drawn independently
  bool tree = false;                 // siblings
  bool scores = false;  // the draft's scores, which it gives where guesses are drawn or a topology reads them
  bool batch = false;   // at least two sequences; each alone is right
  bool top_k = false;   // a top_k that cuts something off
};

// A strategy broken on purpose, in one way, that claims to be lossless. What certifies honest strategies
// must reject every one of them. It breaks a rule with a draft model; a part that is null is the honest one.
struct Control {
  std::string_view name;
  std::string_view bug;      // one line
  std::string_view shipped;  // where it was released; empty where no release is known
  ShowsWith requirements = {};
  std::string_view breaks = "speculative_sampling";  // the registered rule that it is a broken form of
  std::function<std::unique_ptr<AcceptanceRule>()> rule = {};  // instead of the combination's
  // What the drafter asks instead of `inner`, which outlives it.
  std::function<std::unique_ptr<Distributions>(Distributions& inner)> distributions = {};
  // Replaces the chances of a batch's sequences, once, before the first of them is decoded.
  std::function<void(std::span<Sequence> batch)> rewire = {};

  // Whether it stands in for what judges or drafts there.
  bool applies_to(const Combination& combination) const;
  // Whether it shows in the text of some target, draft and request that have what it needs.
  bool shows_in(const Combination& combination) const;
};

std::span<const Control> negative_controls();

// Throws ConfigError naming what there is.
const Control& find_control(std::string_view name);

}  // namespace speclab
