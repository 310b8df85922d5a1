#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/models/sources/markov.h"
#include "core/sequence.h"
#include "experiments/certify/small_world.h"

namespace speclab {

// A batch of requests to small sources: little enough that all its outcomes can be looked at.
struct Scenario {
  struct Request {
    std::vector<Token> prompt;
    int tokens = 0;  // the text's limit
  };
  std::string name;
  std::shared_ptr<const Markov> target, draft;
  Sampling sampling;
  std::vector<Request> requests;  // one batch, all there from the start
  std::vector<Token> end_tokens = {};
};

// How the joint distribution of a batch's texts differs from the product of the target's own conditionals.
struct ExactResult {
  // The total variation distance. Where `complete` is false it is a lower bound: the sum, over texts, of what
  // was found beyond the target's own probability.
  double distance = 0;
  double mass = 0;            // the probability of all outcomes seen
  std::int64_t outcomes = 0;  // how many those were
  bool complete = false;      // false: the bound on outcomes stopped it

  double at_most() const { return complete ? distance : distance + (1 - mass); }
};

// The target's logits after a text, prompt included.
using NextLogits = std::function<std::span<const float>(std::span<const Token> text)>;

// Runs `decode` (it must decode each sequence to its end, deciding through the sequences' chances alone, and
// keep nothing from one call to the next) over every outcome, or the first `most_outcomes` of them.
ExactResult exact_check(const Scenario& scenario, const std::function<void(std::span<Sequence>)>& decode,
                        std::int64_t max_outcomes = 2'000'000);

// The same for a target whose rows depend on the whole text; the scenario's sources are not read.
ExactResult exact_check(const Scenario& scenario, const NextLogits& target,
                        const std::function<void(std::span<Sequence>)>& decode,
                        std::int64_t max_outcomes = 2'000'000);

// The same for a registered combination, or for what a control makes of it. Throws ConfigError where the
// scenario's sources cannot hold the combination.
ExactResult exact_check(const Scenario& scenario, const Combination& combination,
                        const Control* control = nullptr, std::int64_t max_outcomes = 2'000'000);

}  // namespace speclab
