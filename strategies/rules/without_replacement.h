#pragma once

#include "strategies/rules/sequential_rule.h"

namespace speclab {

// Sequoia's verification (Chen et al. 2024, arXiv 2402.12374, algorithm 2) of siblings drawn one after
// another without putting back: s is accepted with probability min(1, R(s) / D(s)); else R becomes norm(max(R
// - D, 0)) and D loses s. Where D has nothing left it is uniform over what was not rejected.
class WithoutReplacement : public SequentialRule {
 public:
  RuleRequirements requirements() const override { return {.draws = {Draw::without_replacement}}; }
  DeviceForm device_form() const override {
    return {.kernel = DeviceForm::Kernel::in_turn, .of = &typeid(WithoutReplacement)};
  }

 protected:
  bool accepts(int child, Residual& residual, RandomSource& chance) override {
    return residual.accepts(child, Draw::without_replacement, chance);
  }
};

}  // namespace speclab
