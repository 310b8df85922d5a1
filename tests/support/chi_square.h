#pragma once

#include <span>

namespace speclab {

struct ChiSquare {
  double statistic = 0;
  int degrees = 0;
  double p_value = 1;
};

// Pearson's test of counts against expected counts; cells that expect under five are pooled into one.
ChiSquare chi_square(std::span<const double> counts, std::span<const double> expected);

}  // namespace speclab
