#include "analysis/certificate/emission.h"

#include <algorithm>
#include <cmath>
#include <numeric>

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
  result.by_index = std::accumulate(emission.p.begin(), emission.p.begin() + emission.token, 0.0) + part;
  result.ratio_known = !emission.q.empty() || !emission.candidates.empty();
  if (!emission.q.empty()) {
    result.by_ratio = before_by_ratio(emission.p, emission.q, x) + part;
  } else if (!emission.candidates.empty()) {
    result.by_ratio = before_by_candidates(emission.p, emission.candidates, x) + part;
  }
  return result;
}

Pull pull(const Emission& emission) {
  struct Moments {
    double mean = 0, square = 0, here = 0;
    void add(double p, double score) {
      mean += p * score;
      square += p * score * score;
    }
    double excess() const { return here - mean; }
    double variance() const { return std::max(0.0, square - mean * mean); }
  };
  Moments share, weight;
  const std::span<const double> p = emission.p;
  const auto x = static_cast<std::size_t>(emission.token);
  if (!emission.q.empty()) {
    const auto share_of = [&](std::size_t i) {
      const double both = p[i] + emission.q[i];
      return both > 0 ? emission.q[i] / both : 0.0;
    };
    for (std::size_t i = 0; i < p.size(); ++i) {
      share.add(p[i], share_of(i));
      weight.add(p[i], emission.q[i]);
    }
    share.here = share_of(x);
    weight.here = emission.q[x];
  } else {
    for (std::size_t i = 0; i < emission.candidates.size(); ++i) {
      const auto before = emission.candidates.first(i);
      if (std::ranges::find(before, emission.candidates[i]) != before.end()) continue;
      const auto candidate = static_cast<std::size_t>(emission.candidates[i]);
      share.add(p[candidate], 1 / (1 + p[candidate]));
      weight.add(p[candidate], 1);
      if (candidate != x) continue;
      share.here = 1 / (1 + p[candidate]);
      weight.here = 1;
    }
  }
  return {share.excess(), share.variance(), weight.excess(), weight.variance()};
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
