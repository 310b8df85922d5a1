#include "core/weighted_choice.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/check.h"
#include "core/ordered_sum.h"

namespace speclab {
namespace {

constexpr std::size_t kBlock = 64;

// The index within `weights` at which the running sum passes `left`; the last positive one if rounding
// leaves a remainder.
int scan(std::span<const double> weights, double left) {
  int last = -1;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] <= 0) continue;
    last = static_cast<int>(i);
    left -= weights[i];
    if (left < 0) break;
  }
  return last;
}

}  // namespace

int weighted_choice(std::span<const double> weights, double u) {
  double total = 0;
  for (std::size_t begin = 0; begin < weights.size(); begin += kBlock) {
    total += ordered_sum(weights.subspan(begin, std::min(kBlock, weights.size() - begin)));
  }
  SPECLAB_CHECK(total > 0 && std::isfinite(total), "the weights of a choice add up to {}", total);
  double left = u * total;
  int last = -1;
  for (std::size_t begin = 0; begin < weights.size(); begin += kBlock) {
    const std::span<const double> block = weights.subspan(begin, std::min(kBlock, weights.size() - begin));
    const double sum = ordered_sum(block);
    if (sum <= 0) continue;
    last = static_cast<int>(begin);
    if (left < sum) break;
    left -= sum;
  }
  const std::span<const double> block = weights.subspan(
      static_cast<std::size_t>(last), std::min(kBlock, weights.size() - static_cast<std::size_t>(last)));
  return last + scan(block, left);
}

}  // namespace speclab
