// After a rejection the token is drawn from the target's p, not from norm(max(p - q, 0)), so what the draft
// proposes too often comes out too often. romsto/Speculative-Decoding offers it as `skip_sample_adjustment`.
#pragma once

#include <vector>

#include "core/softmax.h"
#include "strategies/rules/speculative_sampling.h"

namespace speclab::bugs {

class NoResidual : public SpeculativeSampling {
 protected:
  Choice choose(const Sequence& sequence, const Draft& draft, int node,
                std::span<const float> logits) override {
    Choice choice = SpeculativeSampling::choose(sequence, draft, node, logits);
    const bool rejected = choice.child == TokenTree::kNone && draft.first_candidate(node) != TokenTree::kNone;
    if (rejected && sequence.sampling.temperature > 0) {
      p_.resize(logits.size());
      softmax(logits, sequence.sampling, p_);
      choice.instead = sequence.judge_chance->categorical(p_);
    }
    return choice;
  }

 private:
  std::vector<double> p_;
};

}  // namespace speclab::bugs
