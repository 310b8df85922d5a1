#pragma once

#include <cstdint>

#include "core/check.h"
#include "core/numerics/weighted_choice.h"
#include "core/random/mix64.h"
#include "core/random_source.h"

namespace speclab {

// A pure function of (seed, sequence, stream, number of decisions so far): splitmix64 by counter.
// One uniform per decision, so that key and count alone determine it.
class CounterRng : public RandomSource {
 public:
  CounterRng(std::uint64_t seed, std::uint64_t sequence, std::uint64_t stream)
      : key_(mix64(mix64(mix64(seed + kGolden) ^ (sequence + kGolden)) ^ (stream + kGolden))) {}

  bool bernoulli(double p) override {
    SPECLAB_CHECK(p == p, "a probability is not a number");
    if (p <= 0) return false;
    if (p >= 1) return true;
    return uniform() < p;
  }
  int categorical(std::span<const double> weights) override { return weighted_choice(weights, uniform()); }

  // For a kernel that decides in its place: decision number taken() + 1 has the uniform
  // counter_uniform(key(), taken() + 1).
  std::uint64_t key() const { return key_; }
  std::uint64_t taken() const { return taken_; }
  void take(std::uint64_t decisions) { taken_ += decisions; }

 private:
  double uniform() { return counter_uniform(key_, ++taken_); }

  std::uint64_t key_;
  std::uint64_t taken_ = 0;
};

}  // namespace speclab
