#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace speclab {

// Counts of numbers that ought to be uniform on [0, 1).
struct UnitHistogram {
  static constexpr int kBins = 16;
  std::array<std::int64_t, kBins> counts{};
  std::int64_t total = 0;

  void add(double u) {
    ++counts[bin(u, kBins)];
    ++total;
  }
  static std::size_t bin(double u, int bins) {
    const int at = static_cast<int>(u * bins);
    return static_cast<std::size_t>(at < bins ? at : bins - 1);
  }
};

// Counts of pairs of numbers that ought to be uniform and independent.
struct PairHistogram {
  static constexpr int kSide = 8;
  std::array<std::int64_t, kSide * kSide> counts{};
  std::int64_t total = 0;

  void add(double u, double v) {
    ++counts[UnitHistogram::bin(u, kSide) * kSide + UnitHistogram::bin(v, kSide)];
    ++total;
  }
};

// Pearson's statistic of counts that ought to be equal; degrees of freedom are counts - 1.
double equal_counts_statistic(std::span<const std::int64_t> counts);
// P(chi-square >= statistic).
double chi_square_tail(double statistic, int degrees);
// P(|normal| >= |z|).
double normal_tail(double z);

// Counts between which all bins of a uniform histogram of n numbers lie, together, with probability at least
// 1 - level (Bonferroni over the bins, each binomial).
struct Band {
  double low = 0, high = 0;
};
Band uniform_band(std::int64_t n, int bins, double level);

// The smallest total variation distance d such that any law of n numbers in `bins` bins at distance d from
// uniform is rejected at `level` with probability `power`. Of all laws at distance d the one that moves the
// same mass from every bin of one half to every bin of the other is the hardest: its noncentrality 4 n d^2
// is the least (Cauchy-Schwarz). 1 where n is too small.
double detectable_distance(std::int64_t n, int bins, double level, double power);
// The least n for which that distance is no more than `distance`.
std::int64_t numbers_to_detect(double distance, int bins, double level, double power);

// A two-sided bound on the total variation distance, over the histogram's bins, between uniform and the
// average law of the numbers given their past; both ends hold with probability 1 - level. Azuma-Hoeffding
// for each set of bins, all 2^bins of them together: no independence is assumed.
struct DistanceBound {
  double estimate = 0, lower = 0, upper = 1;
};
DistanceBound distance_bound(const UnitHistogram& histogram, double level);

}  // namespace speclab
