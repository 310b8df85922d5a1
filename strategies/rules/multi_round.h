#pragma once

#include <vector>

#include "strategies/rules/sequential_rule.h"

namespace speclab {

// SpecInfer's multi-round speculative sampling (Miao et al. 2024, arXiv 2305.09781, algorithm 2): of the
// siblings that are left one is taken at random; x, which its proposer drew from q, is accepted with
// probability min(1, p(x) / q(x)); else p becomes norm(max(p - q, 0)). Siblings are independent draws, of one
// proposer or of several, each with a q of its own; one token may stand among them twice.
class MultiRound : public SequentialRule {
 public:
  RuleRequirements requirements() const override { return {.draws = {Draw::independent}}; }
  DeviceForm device_form() const override {
    return {.kernel = DeviceForm::Kernel::in_turn, .at_random = true, .of = &typeid(MultiRound)};
  }

 protected:
  std::size_t next(std::span<const int> waiting, Residual&, RandomSource& chance) override {
    if (waiting.size() == 1) return 0;
    alike_.assign(waiting.size(), 1);
    return static_cast<std::size_t>(chance.categorical(alike_));
  }
  bool accepts(int child, Residual& residual, RandomSource& chance) override {
    return residual.accepts(child, Draw::independent, chance);
  }

 private:
  std::vector<double> alike_;
};

}  // namespace speclab
