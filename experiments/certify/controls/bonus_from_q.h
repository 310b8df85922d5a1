// The token after a path that was accepted to its end is drawn from the draft's last row, not from the
// target's. No release is known; it is what reading the bonus from the wrong buffer comes to.
#pragma once

#include "strategies/rules/speculative_sampling.h"

namespace speclab::bugs {

class BonusFromQ : public SpeculativeSampling {
 protected:
  Choice choose(const Sequence& sequence, const Draft& draft, int node,
                std::span<const float> logits) override {
    const Row last = node > 0 ? draft.scores(draft.tree().parent(node), draft.proposer(node)) : Row{};
    const bool bonus = draft.first_candidate(node) == TokenTree::kNone;
    if (!bonus || !last || sequence.sampling.temperature == 0) {
      return SpeculativeSampling::choose(sequence, draft, node, logits);
    }
    return {.instead = static_cast<Token>(sequence.judge_chance->categorical(last.f64()))};
  }
};

}  // namespace speclab::bugs
