// A candidate is accepted if a draw from p happens to be it, and after a rejection the token is drawn from
// the same p once more, as if nothing had been learned: one candidate x comes out with p(x) + (1 - p(x))
// p(x). It shipped in Medusa's `evaluate_posterior` with sampling = nucleus.
#pragma once

#include <vector>

#include "core/softmax.h"
#include "strategies/rules/speculative_sampling.h"

namespace speclab::bugs {

class ResampleSameP : public SpeculativeSampling {
 protected:
  Choice choose(const Sequence& sequence, const Draft& draft, int node,
                std::span<const float> logits) override {
    if (sequence.sampling.temperature == 0) return follow(draft, node, argmax(logits));
    p_.resize(logits.size());
    softmax(logits, sequence.sampling, p_);
    for (int child = draft.first_candidate(node); child != TokenTree::kNone;
         child = draft.next_candidate(child)) {
      if (draw(sequence) == draft.tree().token(child)) return {.child = child};
    }
    return {.instead = draw(sequence)};
  }

 private:
  Token draw(const Sequence& sequence) { return sequence.judge_chance->categorical(p_); }

  std::vector<double> p_;
};

}  // namespace speclab::bugs
