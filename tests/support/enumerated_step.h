#pragma once

#include <memory>
#include <vector>

#include "core/acceptance_rule.h"
#include "core/models/sources/markov.h"
#include "core/topology.h"

namespace speclab {

// What a rule makes of one node's candidates, over all draws of theirs and all decisions of its own.
struct EnumeratedNode {
  double accepted = 0;          // the probability that one of them is
  std::vector<double> emitted;  // the distribution of the token that is emitted there
};

// `count` candidates from q; a `fixed` proposer gives its likeliest. Where q is used up without replacement,
// the next comes uniformly from the tokens that are left.
struct Proposals {
  std::vector<double> q;
  int count = 1;
  Draw draw = Draw::independent;
};

EnumeratedNode enumerate_node(AcceptanceRule& rule, const std::vector<float>& target,
                              const std::vector<Proposals>& proposers, const Sampling& sampling = {});

// One step with a draft model, over all its outcomes: how many guesses are accepted.
struct EnumeratedStep {
  double mean = 0;
  std::vector<double> at_least;  // probability that so many are; [0] is all outcomes seen
};

EnumeratedStep enumerate_step(AcceptanceRule& rule, Topology& topology, Draw draw,
                              std::shared_ptr<const Markov> target, std::shared_ptr<const Markov> draft,
                              const Sampling& sampling = {});

}  // namespace speclab
