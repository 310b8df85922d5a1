#pragma once

#include "strategies/rules/deterministic_rule.h"

namespace speclab {

// Follows the target's likeliest token, whatever the temperature: exact-match verification
// (SpecInfer, Miao et al. 2024, section 4.2).
class Greedy : public DeterministicRule {
 public:
  bool lossless(const Sampling& sampling) const override { return sampling.temperature == 0; }

 protected:
  RowStats::Asked asks(const Sequence&) const override { return {}; }
  void judge_tree(const Sequence&, const Draft& draft, const TreeStats& target, Verdict& verdict) override {
    follow_likeliest(draft, target, verdict);
  }
};

}  // namespace speclab
