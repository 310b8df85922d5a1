#pragma once

#include "strategies/rules/fact_rule.h"

namespace speclab {

// Follows the target's likeliest token, whatever the temperature: exact-match verification
// (SpecInfer, Miao et al. 2024, section 4.2).
class Greedy : public FactRule {
 public:
  bool lossless(const Sampling& sampling) const override { return sampling.temperature == 0; }

 protected:
  RowFacts::Asked asks(const Sequence&) const override { return {}; }
  void judge_tree(const Sequence&, const Draft& draft, const TreeFacts& target, Verdict& verdict) override {
    follow_likeliest(draft, target, verdict);
  }
};

}  // namespace speclab
