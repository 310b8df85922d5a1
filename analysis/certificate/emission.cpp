#include "analysis/certificate/emission.h"

#include <algorithm>
#include <cmath>

namespace speclab {
namespace {

double before_by_probability(std::span<const double> p, std::size_t x) {
  const double px = p[x];
  double ahead = 0, equal = 0;
  for (std::size_t i = 0; i < x; ++i) {
    ahead += p[i] > px ? p[i] : 0;
    equal += p[i] == px ? px : 0;
  }
  for (std::size_t i = x + 1; i < p.size(); ++i) ahead += p[i] > px ? p[i] : 0;
  return ahead + equal;
}

// q / p compared by cross-multiplication: p may be 0.
double before_by_ratio(std::span<const double> p, std::span<const double> q, std::size_t x) {
  const double px = p[x], qx = q[x];
  double ahead = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double here = q[i] * px, there = qx * p[i];
    ahead += here > there || (here == there && i < x) ? p[i] : 0;
  }
  return ahead;
}

// Drafts that were chosen without chance: they come first, in their order.
double before_by_candidates(std::span<const double> p, std::span<const Token> candidates, std::size_t x) {
  double ahead = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto candidate = static_cast<std::size_t>(candidates[i]);
    if (candidate == x) return ahead;
    if (std::find(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(i), candidates[i]) ==
        candidates.begin() + static_cast<std::ptrdiff_t>(i)) {
      ahead += p[candidate];
    }
  }
  for (std::size_t i = 0; i < x; ++i) {
    if (std::ranges::find(candidates, static_cast<Token>(i)) == candidates.end()) ahead += p[i];
  }
  return ahead;
}

}  // namespace

Transforms transforms(const Emission& emission, double v) {
  const auto x = static_cast<std::size_t>(emission.token);
  const double part = v * emission.p[x];
  Transforms result;
  result.by_probability = before_by_probability(emission.p, x) + part;
  result.ratio_known = !emission.q.empty() || !emission.candidates.empty();
  if (!emission.q.empty()) {
    result.by_ratio = before_by_ratio(emission.p, emission.q, x) + part;
  } else if (!emission.candidates.empty()) {
    result.by_ratio = before_by_candidates(emission.p, emission.candidates, x) + part;
  }
  return result;
}

Surprise expected_surprise(std::span<const double> p) {
  double mean = 0, square = 0;
  for (const double x : p) {
    if (x <= 0) continue;
    const double surprise = -std::log(x);
    mean += x * surprise;
    square += x * surprise * surprise;
  }
  return {mean, std::max(0.0, square - mean * mean)};
}

}  // namespace speclab
