// A rejected sibling drawn without replacement is taken out of q, but the rest of q is not scaled to one, so
// that the next sibling is accepted too often. No release is known.
#pragma once

#include "strategies/rules/without_replacement.h"

namespace speclab::bugs {

class QNotRescaled : public WithoutReplacement {
 protected:
  bool accepts(int child, Residual& residual, Chance& chance) override {
    if (residual.accepts(child, Draw::independent, chance)) return true;
    const Draft& draft = residual.draft();
    residual.q(draft.proposer(child))[static_cast<std::size_t>(draft.tree().token(child))] = 0;
    return false;
  }
};

}  // namespace speclab::bugs
