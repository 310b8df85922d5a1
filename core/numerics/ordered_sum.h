#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace speclab {

// So many numbers are added side by side: as many as a block of a device's threads has.
constexpr std::size_t kSumLanes = 512;

// In a partial sum for each index modulo eight, which are then added in pairs.
template <class Value>
double sum_in_eight(std::size_t count, const Value& value) {
  std::array<double, 8> lanes{};
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) lanes[lane] += value(i + lane);
  }
  for (; i < count; ++i) lanes[i % 8] += value(i);
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

// value(0) + ... + value(count - 1): a partial sum for each index modulo kSumLanes, and those in eight. The
// order of additions is the same for every vector width, and on a device.
template <class Value>
double ordered_sum(std::size_t count, const Value& value) {
  if (count <= kSumLanes) return sum_in_eight(count, value);  // each partial sum is one number
  std::array<double, kSumLanes> lanes{};
  std::size_t i = 0;
  for (; i + kSumLanes <= count; i += kSumLanes) {
    for (std::size_t lane = 0; lane < kSumLanes; ++lane) lanes[lane] += value(i + lane);
  }
  for (; i < count; ++i) lanes[i % kSumLanes] += value(i);
  return sum_in_eight(kSumLanes, [&](std::size_t lane) { return lanes[lane]; });
}

inline double ordered_sum(std::span<const double> values) {
  return ordered_sum(values.size(), [&](std::size_t i) { return values[i]; });
}

}  // namespace speclab
