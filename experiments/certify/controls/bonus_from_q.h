#pragma once

#include "strategies/rules/speculative_sampling.h"

namespace speclab::bugs {

class BonusFromQ : public SpeculativeSampling {
 protected:
  Choice choose(int node, Residual& residual, RandomSource& chance) override {
    const Draft& draft = residual.draft();
    const Row last = node > 0 ? draft.scores(draft.tree().parent(node), draft.proposer(node)) : Row{};
    const bool bonus = draft.first_candidate(node) == TokenTree::kNone;
    if (!bonus || !last) return SpeculativeSampling::choose(node, residual, chance);
    return {.instead = static_cast<Token>(chance.categorical(last.f64()))};
  }
};

}  // namespace speclab::bugs
