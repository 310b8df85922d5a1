// Siblings drawn without replacement are judged as if each had been drawn from the whole q: after a rejection
// the token is not taken out of q for the next. No release is known; it is the tree code of independent draws
// used with the other way of drawing.
#pragma once

#include "experiments/certify/controls/judged_siblings.h"

namespace speclab::bugs {

class QNotReduced : public JudgedSiblings {
 protected:
  void rearrange(const Draft&, int, std::vector<int>&, Draw& draw) override {
    if (draw == Draw::without_replacement) draw = Draw::independent;
  }
};

}  // namespace speclab::bugs
