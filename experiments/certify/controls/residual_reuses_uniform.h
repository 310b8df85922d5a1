// The token after a rejection is drawn with the very uniform number that rejected, which is known to be
// large. It shipped in vllm-ascend (pull request #16370).
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "core/random_source.h"
#include "experiments/certify/controls/known_interval.h"

namespace speclab::bugs {

class ResidualReusesUniform : public RandomSource {
 public:
  explicit ResidualReusesUniform(std::shared_ptr<RandomSource> inner) : inner_(std::move(inner)) {}

  bool bernoulli(double p) override {
    uniform_ = {};
    return uniform_.below(p, *inner_);
  }
  int categorical(std::span<const double> weights) override {
    return std::exchange(uniform_, {}).pick(weights, *inner_, scratch_);
  }

 private:
  std::shared_ptr<RandomSource> inner_;
  KnownInterval uniform_;  // of the last accept or rejection, until it is used again
  std::vector<double> scratch_;
};

}  // namespace speclab::bugs
