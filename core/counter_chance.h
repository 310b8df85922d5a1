#pragma once

#include <cstdint>

#include "core/chance.h"
#include "core/check.h"
#include "core/weighted_choice.h"

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

// A pure function of (seed, sequence, stream, number of decisions so far): splitmix64 by counter.
// One uniform per decision, so that whoever has key and count decides the same.
class CounterChance : public Chance {
 public:
  CounterChance(std::uint64_t seed, std::uint64_t sequence, std::uint64_t stream)
      : key_(mix64(mix64(mix64(seed + kGolden) ^ (sequence + kGolden)) ^ (stream + kGolden))) {}

  bool bernoulli(double p) override {
    SPECLAB_CHECK(p == p, "a probability is not a number");
    if (p <= 0) return false;
    if (p >= 1) return true;
    return uniform() < p;
  }
  int categorical(std::span<const double> weights) override { return weighted_choice(weights, uniform()); }

 private:
  double uniform() { return unit_interval(mix64(key_ + kGolden * ++taken_)); }

  std::uint64_t key_;
  std::uint64_t taken_ = 0;
};

}  // namespace speclab
