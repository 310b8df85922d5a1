#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace speclab {

// value(0) + ... + value(count - 1) in eight partial sums, so that the order of additions is the same for
// every vector width, and on a device.
template <class Value>
double ordered_sum(std::size_t count, const Value& value) {
  std::array<double, 8> lanes{};
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) lanes[lane] += value(i + lane);
  }
  for (std::size_t lane = 0; i < count; ++i, ++lane) lanes[lane] += value(i);
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

inline double ordered_sum(std::span<const double> values) {
  return ordered_sum(values.size(), [&](std::size_t i) { return values[i]; });
}

}  // namespace speclab
