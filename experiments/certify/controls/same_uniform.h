// The generator is seeded anew before every accept, so that all accepts of a sequence compare with one and
// the same uniform number. It shipped in feifeibear/LLMSpeculativeSampling, wherever `random_seed` is given.
#pragma once

#include <memory>
#include <utility>

#include "core/random_source.h"
#include "experiments/certify/controls/known_interval.h"

namespace speclab::bugs {

class SameUniform : public RandomSource {
 public:
  explicit SameUniform(std::shared_ptr<RandomSource> inner) : inner_(std::move(inner)) {}

  bool bernoulli(double p) override { return uniform_.below(p, *inner_); }
  int categorical(std::span<const double> weights) override { return inner_->categorical(weights); }

 private:
  std::shared_ptr<RandomSource> inner_;
  KnownInterval uniform_;
};

}  // namespace speclab::bugs
