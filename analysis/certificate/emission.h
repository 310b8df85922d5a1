#pragma once

#include <cstdint>
#include <span>

#include "core/token_tree.h"

namespace speclab {

// One emitted token and what was known before it was chosen.
struct Emission {
  std::span<const double> p;  // (vocab): the target's distribution there, settings applied
  // (vocab): what the drafts there were drawn from; empty where there were none, or all were chosen without
  // chance: those are `candidates`, in the order in which they are judged.
  std::span<const double> q;
  std::span<const Token> candidates{};
  Token token = 0;
  int position = 1;            // in its step
  std::uint64_t sequence = 0;  // whose text it is in
  std::uint64_t context = 0;   // names the text before it, where that may come again; 0: it will not
};

// The randomised probability integral transform (Rosenblatt 1952; for discrete laws Brockwell 2007): where
// `token` is drawn from p and v is uniform, the sum of p over what comes before it in any order that was
// fixed beforehand, plus v p(token), is uniform.
struct Transforms {
  double by_probability = 0;  // the order: likeliest first, ties by index
  double by_ratio = 0;        // q / p from large to small: a draft that shows through comes first
  bool ratio_known = false;   // there were drafts
  double by_index = 0;        // the vocabulary's own: what a reused uniform number bends
};

// v is uniform on [0, 1). Cost: a few passes over the vocabulary.
Transforms transforms(const Emission& emission, double v);

// How much the drafts pull: a score of each token that was fixed before it was chosen, less its mean under p,
// and the variance of that. Two scores: `share`, q / (p + q), sees any move between p and q; `weight`, q
// itself (for drafts without chance: whether the token is one of them), sees a move towards what the draft
// says often.
struct Pull {
  double share = 0, share_variance = 0;
  double weight = 0, weight_variance = 0;
};
Pull pull(const Emission& emission);

// Minus the logarithm of a draw from p: mean (the entropy, in nats) and variance.
struct Surprise {
  double mean = 0, variance = 0;
};
Surprise expected_surprise(std::span<const double> p);

}  // namespace speclab
