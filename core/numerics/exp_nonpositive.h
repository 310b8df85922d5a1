#pragma once

#include <bit>
#include <cstdint>

namespace speclab {

// e^x for x <= 0 to about one unit in the last place: no branches and no library call, so that it
// vectorises and gives the same bits everywhere. Below -708 the result is 0.
constexpr double exp_nonpositive(double x) {
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

}  // namespace speclab
