#pragma once

#include <span>

#include "core/argmax.h"
#include "core/sequence.h"

namespace speclab {

// The distribution that the settings make of logits (see Sampling), in double. Tokens that do not survive
// top_k or top_p get exactly 0; of equal logits the lower index survives. Temperature 0 is one-hot.
// Sums in a fixed order: the result does not depend on the machine's vector width.
void softmax(std::span<const float> logits, const Sampling& sampling, std::span<double> probabilities);

// p becomes norm(max(p - q, 0)) (Leviathan et al. 2023, section 2.3). Where p equals q up to rounding there
// is nothing left, rejection has probability zero, and p stays.
void subtract(std::span<double> p, std::span<const double> q);

// One token is taken out of p and the rest scaled to one. False, and p all zero, where nothing was left.
bool take_out(std::span<double> p, Token token);

}  // namespace speclab
