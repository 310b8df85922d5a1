#pragma once

#include "strategies/rules/sampling_rule.h"

namespace speclab::bugs {

class ResampleSameP : public SamplingRule {
 protected:
  Choice choose(int node, Residual& residual, RandomSource& chance) override {
    const Draft& draft = residual.draft();
    for (int child = draft.first_candidate(node); child != TokenTree::kNone;
         child = draft.next_candidate(child)) {
      if (chance.categorical(residual.p()) == draft.tree().token(child)) return {.child = child};
    }
    return {.instead = static_cast<Token>(chance.categorical(residual.p()))};
  }
};

}  // namespace speclab::bugs
