#pragma once

#include <span>

#include "core/numerics/argmax.h"
#include "core/sequence.h"

namespace speclab {

// The distribution that the settings make of logits (see Sampling), in double. Tokens that do not survive
// top_k or top_p get exactly 0; of equal logits the lower index survives. Temperature 0 is one-hot.
// Sums in a fixed order: the result does not depend on the machine's vector width.
void softmax(std::span<const float> logits, const Sampling& sampling, std::span<double> probabilities);

// exp(-H), H the entropy in nats of what softmax made of these logits. With z the logits less the largest,
// over the temperature, and p the probabilities it is p(likeliest) exp(sum p z): no logarithm is taken.
double exp_neg_entropy(std::span<const float> logits, const Sampling& sampling,
                       std::span<const double> probabilities);

// p becomes norm(max(share p - q, 0)) (Leviathan et al. 2023, section 2.3, where the share is 1). Returns
// what was left before scaling. Where that is nothing, as where p equals q up to rounding, p stays.
double subtract(std::span<double> p, std::span<const double> q, double share = 1);

// One token is taken out of p and the rest scaled to one. Returns what was left before scaling; where that is
// nothing, p is all zero.
double take_out(std::span<double> p, Token token);

}  // namespace speclab
