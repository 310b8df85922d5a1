#pragma once

#include "core/cost_model.h"

namespace speclab {

// Every pass of a model takes the same time, however many tokens it evaluates: the assumption of Leviathan et
// al. 2023, section 3.3, with c = draft / target. All else is free.
class ConstantCost : public CostModel {
 public:
  ConstantCost(Seconds target_pass, Seconds draft_pass) : target_(target_pass), draft_(draft_pass) {}

  Seconds price(const Work& work) const override {
    if (!is_pass(work.actor, work.op)) return 0;
    return work.actor == Actor::target ? target_ : draft_;
  }

 private:
  Seconds target_, draft_;
};

}  // namespace speclab
