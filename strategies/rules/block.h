#pragma once

#include "strategies/rules/traversal.h"

namespace speclab {

// Block verification of a chain (Sun et al. 2024, arXiv 2403.10444, algorithm 2): with p_i = min(1, p_{i-1}
// p(x_i) / q(x_i)), guess i ends the path with probability h_i = A_i / (A_i + 1 - p_i), the last with
// p_gamma, all are tested and the last that passes counts; the token after it comes from norm(max(p_i p - q,
// 0)). Traversal verification asks the same of a chain from its end, where the first that passes counts, so
// this is its special case (Weng et al. 2025). Of all rules that leave the next step as it is, none accepts
// more of a chain. With one guess it is speculative sampling.
class Block : public Traversal {
 public:
  RuleRequirements requirements() const override { return {.chain = true}; }
  DeviceForm device_form() const override {
    return {.kernel = DeviceForm::Kernel::from_the_leaves, .of = &typeid(Block)};
  }
};

}  // namespace speclab
