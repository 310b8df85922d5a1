#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "core/random_source.h"

namespace speclab::bugs {

// One uniform number that several decisions share, as the interval it is known to lie in. A decision draws
// the piece of the interval that holds the number, with the chance it is given, and so learns more: exact
// with any chance, enumeration included.
class KnownInterval {
 public:
  bool below(double p, RandomSource& chance) {  // whether the number is less than p
    if (p <= low_) return false;
    if (p >= high_) return true;
    const bool is_below = chance.bernoulli((p - low_) / (high_ - low_));
    (is_below ? high_ : low_) = p;
    return is_below;
  }

  // The index whose share of the cumulative sum of the weights, in index order, holds the number.
  int pick(std::span<const double> weights, RandomSource& chance, std::vector<double>& scratch) {
    std::vector<double>& pieces = scratch;
    pieces.clear();
    double total = 0;
    for (const double weight : weights) total += weight;
    double sum = 0, from = 0;
    for (const double weight : weights) {
      sum += weight;
      const double to = share(sum, total);
      pieces.push_back(std::max(0.0, std::min(to, high_) - std::max(from, low_)));
      from = to;
    }
    const int picked = chance.categorical(pieces);
    sum = 0;
    for (int i = 0; i < picked; ++i) sum += weights[i];
    low_ = std::max(low_, share(sum, total));
    high_ = std::min(high_, share(sum + weights[picked], total));
    return picked;
  }

 private:
  static double share(double sum, double total) { return sum == total ? 1 : sum / total; }

  double low_ = 0, high_ = 1;
};

}  // namespace speclab::bugs
