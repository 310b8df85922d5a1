#pragma once

#include "strategies/rules/speculative_sampling.h"

namespace speclab::bugs {

class QNotReduced : public SpeculativeSampling {
 protected:
  bool accepts(int child, Residual& residual, RandomSource& chance) override {
    const Draw draw = residual.draft().drawn(child);
    return residual.accepts(child, draw == Draw::without_replacement ? Draw::independent : draw, chance);
  }
};

}  // namespace speclab::bugs
