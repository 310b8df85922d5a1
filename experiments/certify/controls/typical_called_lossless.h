// Typical acceptance (Cai et al. 2024, section 2.3.1) takes a candidate if p(x) > min(0.09, 0.3 exp(-H(p))),
// the entropy in nats: meant to be lossy, and here called lossless. Medusa and vLLM (v0) offer it beside
// lossless rules.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/softmax.h"
#include "strategies/rules/speculative_sampling.h"

namespace speclab::bugs {

class TypicalCalledLossless : public SpeculativeSampling {
 protected:
  Choice choose(const Sequence& sequence, const Draft& draft, int node,
                std::span<const float> logits) override {
    if (sequence.sampling.temperature == 0) return follow(draft, node, argmax(logits));
    p_.resize(logits.size());
    softmax(logits, sequence.sampling, p_);
    double entropy = 0;
    for (const double p : p_) entropy -= p > 0 ? p * std::log(p) : 0;
    const double threshold = std::min(0.09, 0.3 * std::exp(-entropy));
    for (int child = draft.first_candidate(node); child != TokenTree::kNone;
         child = draft.next_candidate(child)) {
      if (p_[static_cast<std::size_t>(draft.tree().token(child))] > threshold) return {.child = child};
    }
    return {.instead = static_cast<Token>(sequence.judge_chance->categorical(p_))};
  }

 private:
  std::vector<double> p_;
};

}  // namespace speclab::bugs
