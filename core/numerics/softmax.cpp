#include "core/numerics/softmax.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "core/check.h"
#include "core/numerics/exp_nonpositive.h"
#include "core/numerics/ordered_sum.h"

namespace speclab {
namespace {

void scale(std::span<double> values, double factor) {
  for (double& value : values) value *= factor;
}

// The same bits from every clone: contraction is off and no lane adds to another. Which clone it is, is
// decided before the thread sanitizer can run.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
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

double exp_neg_entropy(std::span<const float> logits, const Sampling& sampling,
                       std::span<const double> probabilities) {
  if (sampling.temperature == 0) return 1;
  const Token best = argmax(logits);
  const double largest = logits[best], per_degree = 1 / sampling.temperature;
  const double mean = ordered_sum(logits.size(), [&](std::size_t i) {
    return probabilities[i] > 0 ? probabilities[i] * ((logits[i] - largest) * per_degree) : 0.0;
  });
  return probabilities[best] * exp_nonpositive(mean);
}

double subtract(std::span<double> p, std::span<const double> q, double share) {
  const auto rest = [&](std::size_t i) { return std::max(share * p[i] - q[i], 0.0); };
  const double left = ordered_sum(p.size(), rest);
  if (left <= 0) return 0;
  const double factor = 1 / left;
  for (std::size_t i = 0; i < p.size(); ++i) p[i] = rest(i) * factor;
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
