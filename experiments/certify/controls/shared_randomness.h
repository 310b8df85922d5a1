// All sequences of a batch read the same uniform numbers, as if seeded alike: each text alone is right, and
// together they are not independent. It shipped in TensorRT-LLM's TorchSampler for requests without a seed
// (issue #19487).
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "core/random_source.h"
#include "core/sequence.h"
#include "experiments/certify/controls/known_interval.h"

namespace speclab::bugs {

// One reader of a tape of uniform numbers that others read too.
class SharedRandomness : public RandomSource {
 public:
  struct Tape {
    std::shared_ptr<RandomSource> inner;
    std::vector<KnownInterval> uniforms = {};
    std::vector<double> scratch = {};
  };
  explicit SharedRandomness(std::shared_ptr<Tape> tape) : tape_(std::move(tape)) {}

  bool bernoulli(double p) override {
    if (p <= 0 || p >= 1) return p >= 1;  // no decision, so no number is read
    return next().below(p, *tape_->inner);
  }
  int categorical(std::span<const double> weights) override {
    return next().pick(weights, *tape_->inner, tape_->scratch);
  }

  static void rewire(std::span<Sequence> batch) {
    const auto draft = std::make_shared<Tape>(Tape{batch.front().draft_chance});
    const auto judge = std::make_shared<Tape>(Tape{batch.front().judge_chance});
    for (Sequence& sequence : batch) {
      sequence.draft_chance = std::make_shared<SharedRandomness>(draft);
      sequence.judge_chance = std::make_shared<SharedRandomness>(judge);
    }
  }

 private:
  KnownInterval& next() {
    if (read_ == tape_->uniforms.size()) tape_->uniforms.emplace_back();
    return tape_->uniforms[read_++];
  }

  std::shared_ptr<Tape> tape_;
  std::size_t read_ = 0;
};

}  // namespace speclab::bugs
