#pragma once

#include <span>

namespace speclab {

// The index whose share of the cumulative sum, in index order, holds `u` of the whole (0 <= u < 1).
// Zero weights are never chosen. Throws BrokenInvariant where no weight is positive or one is not a number.
int weighted_choice(std::span<const double> weights, double u);

}  // namespace speclab
