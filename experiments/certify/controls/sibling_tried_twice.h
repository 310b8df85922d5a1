// A candidate that was rejected is tried once more with the same odds, as a node that belongs to two of the
// listed paths is. It shipped in Medusa's `evaluate_posterior`, which samples a shared node once per path.
#pragma once

#include <memory>
#include <utility>

#include "core/random_source.h"

namespace speclab::bugs {

class SiblingTriedTwice : public RandomSource {
 public:
  explicit SiblingTriedTwice(std::shared_ptr<RandomSource> inner) : inner_(std::move(inner)) {}

  bool bernoulli(double p) override { return inner_->bernoulli(p) || inner_->bernoulli(p); }
  int categorical(std::span<const double> weights) override { return inner_->categorical(weights); }

 private:
  std::shared_ptr<RandomSource> inner_;
};

}  // namespace speclab::bugs
