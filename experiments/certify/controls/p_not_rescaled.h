// What a rejection leaves of p, max(p - q, 0), is not scaled to one, so that the next sibling is accepted too
// rarely. No release is known; a final draw by weights hides it from the eye. (Leaving q unscaled is
// `q_not_reduced`: the rejected token has no part of p any more, so all that counts of q is the others'
// share.)
#pragma once

#include "strategies/rules/without_replacement.h"

namespace speclab::bugs {

class PNotRescaled : public WithoutReplacement {
 protected:
  bool accepts(int child, Residual& residual, RandomSource& chance) override {
    if (chance.bernoulli(residual.odds(child, Draw::without_replacement))) return true;
    const double left = residual.reject(child, Draw::without_replacement);
    if (left <= 0) return true;
    for (double& p : residual.p()) p *= left;
    return false;
  }
};

}  // namespace speclab::bugs
