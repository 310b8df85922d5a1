// The ratio is upside down: a guess is accepted with probability min(1, q / p). The papers swap the letters
// p and q; no release is known.
#pragma once

#include <memory>
#include <utility>

#include "core/random_source.h"

namespace speclab::bugs {

class SwappedRatio : public RandomSource {
 public:
  explicit SwappedRatio(std::shared_ptr<RandomSource> inner) : inner_(std::move(inner)) {}

  // Speculative sampling asks with the ratio itself, which may be more than 1.
  bool bernoulli(double ratio) override { return inner_->bernoulli(1 / ratio); }
  int categorical(std::span<const double> weights) override { return inner_->categorical(weights); }

 private:
  std::shared_ptr<RandomSource> inner_;
};

}  // namespace speclab::bugs
