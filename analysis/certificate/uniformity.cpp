#include "analysis/certificate/uniformity.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/non_central_chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <numeric>

namespace speclab {

double equal_counts_statistic(std::span<const std::int64_t> counts) {
  const auto total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  const double expected = total / static_cast<double>(counts.size());
  double statistic = 0;
  for (const std::int64_t count : counts) {
    const double off = static_cast<double>(count) - expected;
    statistic += off * off / expected;
  }
  return statistic;
}

double chi_square_tail(double statistic, int degrees) {
  if (std::isinf(statistic)) return 0;
  return boost::math::cdf(complement(boost::math::chi_squared(degrees), statistic));
}

double normal_tail(double z) {
  if (std::isinf(z)) return 0;
  return 2 * boost::math::cdf(complement(boost::math::normal(), std::abs(z)));
}

Band uniform_band(std::int64_t n, int bins, double level) {
  if (n == 0) return {};
  const boost::math::binomial count(static_cast<double>(n), 1.0 / bins);
  const double tail = level / (2 * bins);
  return {quantile(count, tail), quantile(complement(count, tail))};
}

namespace {

// Of the statistic of a law that is rejected at `level` with probability `power`.
double noncentrality_detected(int bins, double level, double power) {
  const int degrees = bins - 1;
  const double threshold = boost::math::quantile(complement(boost::math::chi_squared(degrees), level));
  const auto detected = [&](double noncentrality) {
    return boost::math::cdf(
        complement(boost::math::non_central_chi_squared(degrees, noncentrality), threshold));
  };
  double below = 0, above = 1;
  while (detected(above) < power) above *= 2;
  for (int i = 0; i < 60; ++i) {
    const double middle = (below + above) / 2;
    (detected(middle) < power ? below : above) = middle;
  }
  return above;
}

}  // namespace

double detectable_distance(std::int64_t n, int bins, double level, double power) {
  if (n < 5 * bins) return 1;
  return std::min(1.0, std::sqrt(noncentrality_detected(bins, level, power) / (4 * static_cast<double>(n))));
}

std::int64_t numbers_to_detect(double distance, int bins, double level, double power) {
  const double n = noncentrality_detected(bins, level, power) / (4 * distance * distance);
  return std::max<std::int64_t>(5 * bins, static_cast<std::int64_t>(std::ceil(n)));
}

DistanceBound distance_bound(const UnitHistogram& histogram, double level) {
  if (histogram.total == 0) return {};
  const auto n = static_cast<double>(histogram.total);
  DistanceBound bound;
  for (const std::int64_t count : histogram.counts) {
    bound.estimate += std::max(0.0, static_cast<double>(count) / n - 1.0 / UnitHistogram::kBins);
  }
  const double slack = std::sqrt((UnitHistogram::kBins * std::log(2.0) + std::log(1 / level)) / (2 * n));
  bound.lower = std::max(0.0, bound.estimate - slack);
  bound.upper = std::min(1.0, bound.estimate + slack);
  return bound;
}

}  // namespace speclab
