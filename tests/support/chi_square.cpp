#include "tests/support/chi_square.h"

#include "analysis/certificate/uniformity.h"

namespace speclab {

ChiSquare chi_square(std::span<const double> counts, std::span<const double> expected) {
  ChiSquare result;
  double pooled_count = 0, pooled_expected = 0;
  int cells = 0;
  const auto add = [&](double count, double wanted) {
    result.statistic += (count - wanted) * (count - wanted) / wanted;
    ++cells;
  };
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (expected[i] >= 5) {
      add(counts[i], expected[i]);
    } else {
      pooled_count += counts[i];
      pooled_expected += expected[i];
    }
  }
  if (pooled_expected > 0) add(pooled_count, pooled_expected);
  result.degrees = cells - 1;
  result.p_value = chi_square_tail(result.statistic, result.degrees);
  return result;
}

}  // namespace speclab
