#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <span>

namespace speclab {

// So many numbers are added side by side: as many as a block of a device's threads has.
constexpr std::size_t kSumLanes = 512;

// value(0) + ... + value(count - 1), in a partial sum for each index modulo kSumLanes; of those the upper
// half is added to the lower until one is left. The order of additions is the same for every vector width,
// and on a device.
template <class Value>
double ordered_sum(std::size_t count, const Value& value) {
  std::array<double, kSumLanes> lanes;
  const std::size_t used = std::min(std::bit_ceil(count), kSumLanes);
  std::fill_n(lanes.begin(), used, 0.0);
  std::size_t i = 0;
  for (; i + kSumLanes <= count; i += kSumLanes) {
    for (std::size_t lane = 0; lane < kSumLanes; ++lane) lanes[lane] += value(i + lane);
  }
  for (std::size_t lane = 0; i < count; ++i, ++lane) lanes[lane] += value(i);
  for (std::size_t half = used / 2; half > 0; half /= 2) {
    for (std::size_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  return lanes[0];
}

inline double ordered_sum(std::span<const double> values) {
  return ordered_sum(values.size(), [&](std::size_t i) { return values[i]; });
}

}  // namespace speclab
