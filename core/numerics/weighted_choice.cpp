#include "core/numerics/weighted_choice.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/numerics/ordered_sum.h"

namespace speclab {
namespace {

// Blocks of so many weights, and groups of so many blocks, are passed over by their sums.
constexpr std::size_t kFan = 64;

// Where the running sum of value(begin) .. value(end - 1) passes `left`, which becomes what is left there;
// the last positive one if rounding leaves a remainder.
template <class Value>
std::size_t reach(std::size_t begin, std::size_t end, double& left, const Value& value) {
  std::size_t last = begin;
  for (std::size_t i = begin; i < end; ++i) {
    const double here = value(i);
    if (here <= 0) continue;
    last = i;
    if (left < here) break;
    left -= here;
  }
  return last;
}

}  // namespace

int weighted_choice(std::span<const double> weights, double u) {
  const std::size_t blocks = (weights.size() + kFan - 1) / kFan, groups = (blocks + kFan - 1) / kFan;
  const auto weight = [&](std::size_t i) { return weights[i]; };
  const auto block = [&](std::size_t b) {
    return ordered_sum(weights.subspan(b * kFan, std::min(kFan, weights.size() - b * kFan)));
  };
  const auto group = [&](std::size_t g) {
    return ordered_sum(std::min(kFan, blocks - g * kFan), [&](std::size_t b) { return block(g * kFan + b); });
  };
  double total = 0;
  for (std::size_t g = 0; g < groups; ++g) total += group(g);
  SPECLAB_CHECK(total > 0 && std::isfinite(total), "the weights of a choice add up to {}", total);
  double left = u * total;
  const std::size_t g = groups == 1 ? 0 : reach(0, groups, left, group);
  const std::size_t b = blocks == 1 ? 0 : reach(g * kFan, std::min((g + 1) * kFan, blocks), left, block);
  return static_cast<int>(reach(b * kFan, std::min((b + 1) * kFan, weights.size()), left, weight));
}

}  // namespace speclab
