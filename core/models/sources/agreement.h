#pragma once

#include <vector>

#include "core/random/counter_rng.h"

namespace speclab {

// How often guesses are right, by depth and rank.
struct Agreement {
  static constexpr int kNever = -1;

  // acceptance[d]: the probability that the first child at depth d + 1 is right; the last entry serves all
  // deeper ones. siblings[r]: that child r + 1 is right, given that all before it are wrong; none beyond.
  std::vector<double> acceptance, siblings;

  // Which child at `depth` is right, as bits that look like noise have it; kNever: none.
  int rank(std::uint64_t bits, int depth) const {
    const double u = unit_interval(bits);
    const auto level = static_cast<std::size_t>(depth - 1);
    double below = level < acceptance.size() ? acceptance[level] : acceptance.back();
    if (u < below) return 0;
    for (std::size_t r = 0; r < siblings.size(); ++r) {
      below += (1 - below) * siblings[r];
      if (u < below) return static_cast<int>(r) + 1;
    }
    return kNever;
  }
};

}  // namespace speclab
