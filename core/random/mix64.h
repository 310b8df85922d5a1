#pragma once

#include <cstdint>

namespace speclab {

// splitmix64's finaliser: a bijection that looks like noise.
constexpr std::uint64_t mix64(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15ull;

// The hash of a sequence whose beginning has the hash `hash` and which ends with `value`.
constexpr std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) {
  return mix64(hash + kGolden * (value + 1));
}

// Uniform on [0, 1) in steps of 2^-53.
constexpr double unit_interval(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

// The uniform of a decision: splitmix64 by counter.
constexpr double counter_uniform(std::uint64_t key, std::uint64_t decision) {
  return unit_interval(mix64(key + kGolden * decision));
}

}  // namespace speclab
