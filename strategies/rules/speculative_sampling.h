#pragma once

#include "strategies/rules/sequential_rule.h"

namespace speclab {

// Speculative sampling (Leviathan et al. 2023, algorithm 1; Chen et al. 2023, algorithm 2): a guess x ~ q is
// accepted with probability min(1, p(x) / q(x)); on rejection p becomes norm(max(p - q, 0)), and the next
// sibling, or the token instead, is judged against that. Each sibling is judged as its proposer drew it:
// independent ones keep q (SpecInfer, Miao et al. 2024, algorithm 2), those without replacement are judged
// against q without the earlier ones (Sequoia, Chen et al. 2024, algorithm 2), `fixed` ones have a one-hot q.
class SpeculativeSampling : public SequentialRule {
 public:
  DeviceForm device_form() const override {
    return {.kernel = DeviceForm::Kernel::in_turn, .of = &typeid(SpeculativeSampling)};
  }

 protected:
  bool accepts(int child, Residual& residual, RandomSource& chance) override {
    return residual.accepts(child, residual.draft().drawn(child), chance);
  }
};

}  // namespace speclab
