#include "core/softmax.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "core/check.h"
#include "core/ordered_sum.h"

namespace speclab {
namespace {

void scale(std::span<double> values, double factor) {
  for (double& value : values) value *= factor;
}

// e^x for x <= 0 to about one unit in the last place: no branches and no library call, so that it
// vectorises and gives the same bits everywhere. Below -708 the result is 0.
inline double exp_nonpositive(double x) {
  constexpr double kLog2E = 1.4426950408889634074, kLn2High = 6.93147180369123816490e-01,
                   kLn2Low = 1.90821492927058770002e-10, kRound = 0x1.8p52;
  const double clamped = x < -708.0 ? -708.0 : x;
  const double shifted = clamped * kLog2E + kRound;
  const double n = shifted - kRound;
  const double r = (clamped - n * kLn2High) - n * kLn2Low;  // |r| <= ln 2 / 2
  double series = 1.0 / 6227020800;                         // Taylor to r^13
  series = series * r + 1.0 / 479001600;
  series = series * r + 1.0 / 39916800;
  series = series * r + 1.0 / 3628800;
  series = series * r + 1.0 / 362880;
  series = series * r + 1.0 / 40320;
  series = series * r + 1.0 / 5040;
  series = series * r + 1.0 / 720;
  series = series * r + 1.0 / 120;
  series = series * r + 1.0 / 24;
  series = series * r + 1.0 / 6;
  series = series * r + 0.5;
  series = series * r + 1.0;
  series = series * r + 1.0;
  const std::uint64_t exponent = (std::bit_cast<std::uint64_t>(shifted) + 1023) << 52;
  const double power = std::bit_cast<double>(exponent);
  return x < -708.0 ? 0.0 : series * power;
}

// The same bits from every clone: contraction is off and no lane adds to another.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
void exponentials(const float* logits, std::size_t count, double largest, double per_degree, double* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = exp_nonpositive((logits[i] - largest) * per_degree);
}

// Zeroes all but the `keep` largest logits' probabilities.
void keep_likeliest(std::span<const float> logits, int keep, std::span<double> probabilities) {
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto likelier = [&](std::int32_t a, std::int32_t b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  };
  std::ranges::nth_element(order, order.begin() + keep, likelier);
  for (auto at = order.begin() + keep; at != order.end(); ++at) probabilities[*at] = 0;
}

// Zeroes what lies beyond the fewest likeliest tokens whose probabilities reach top_p.
void keep_nucleus(double top_p, std::span<double> probabilities) {
  std::vector<std::int32_t> heap;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    if (probabilities[i] > 0) heap.push_back(static_cast<std::int32_t>(i));
  }
  const auto less_likely = [&](std::int32_t a, std::int32_t b) {
    return probabilities[a] != probabilities[b] ? probabilities[a] < probabilities[b] : a > b;
  };
  std::ranges::make_heap(heap, less_likely);
  double reached = 0;
  auto end = heap.end();
  while (end != heap.begin() && reached < top_p) {
    reached += probabilities[heap.front()];
    std::ranges::pop_heap(heap.begin(), end, less_likely);
    --end;
  }
  for (auto at = heap.begin(); at != end; ++at) probabilities[*at] = 0;
}

void normalise(std::span<double> probabilities) { scale(probabilities, 1 / ordered_sum(probabilities)); }

}  // namespace

void softmax(std::span<const float> logits, const Sampling& sampling, std::span<double> probabilities) {
  const Token best = argmax(logits);
  if (sampling.temperature == 0) {
    std::ranges::fill(probabilities, 0.0);
    probabilities[best] = 1;
    return;
  }
  const double largest = logits[best], per_degree = 1 / sampling.temperature;
  SPECLAB_CHECK(std::isfinite(largest), "the largest of {} logits is {}", logits.size(), largest);
  exponentials(logits.data(), logits.size(), largest, per_degree, probabilities.data());
  const bool some = sampling.top_k > 0 && sampling.top_k < static_cast<int>(logits.size());
  if (some) keep_likeliest(logits, sampling.top_k, probabilities);
  normalise(probabilities);
  SPECLAB_CHECK(probabilities[best] > 0, "a row of logits holds a NaN");
  if (sampling.top_p < 1) {
    keep_nucleus(sampling.top_p, probabilities);
    normalise(probabilities);
  }
}

double subtract(std::span<double> p, std::span<const double> q, double share) {
  double left = 0;
  for (std::size_t i = 0; i < p.size(); ++i) left += std::max(share * p[i] - q[i], 0.0);
  if (left <= 0) return 0;
  const double factor = 1 / left;
  for (std::size_t i = 0; i < p.size(); ++i) p[i] = std::max(share * p[i] - q[i], 0.0) * factor;
  return left;
}

double take_out(std::span<double> p, Token token) {
  p[token] = 0;
  const double left = ordered_sum(p);
  if (left <= 0) return 0;
  scale(p, 1 / left);
  return left;
}

}  // namespace speclab
