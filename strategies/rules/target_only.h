#pragma once

#include "strategies/rules/sequential_rule.h"

namespace speclab {

// Candidates are judged by the target alone: x is accepted with probability p(x); else p(x) becomes 0, the
// rest is scaled to one, and the next sibling is judged. One of the siblings is accepted with their mass
// under p. This is how EAGLE's released code verifies (Li et al. 2024, arXiv 2401.15077,
// eagle/model/utils.py; the paper's appendix has p / q), and lookahead decoding (Fu et al. 2024, arXiv
// 2402.02057).
//
// Lossless however the guesses were drawn, and without knowing it: guesses do not enter the judge's stream,
// so that given any guesses the token is a draw from p, asked for in pieces.
class TargetOnly : public SequentialRule {
 public:
  DeviceForm device_form() const override {
    return {.kernel = DeviceForm::Kernel::in_turn, .drafts_are_certain = true, .of = &typeid(TargetOnly)};
  }

 protected:
  bool accepts(int child, Residual& residual, RandomSource& chance) override {
    return residual.accepts(child, Draw::fixed, chance);
  }
};

}  // namespace speclab
