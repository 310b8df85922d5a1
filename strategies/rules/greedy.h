#pragma once

#include "core/softmax.h"
#include "strategies/rules/host_rule.h"

namespace speclab {

// Follows the target's likeliest token, whatever the temperature: exact-match verification
// (SpecInfer, Miao et al. 2024, section 4.2).
class Greedy : public HostRule {
 public:
  bool lossless(const Sampling& sampling) const override { return sampling.temperature == 0; }

 protected:
  Choice choose(const Sequence&, const Draft& draft, int node, std::span<const float> logits) override {
    return follow(draft, node, argmax(logits));
  }
};

}  // namespace speclab
