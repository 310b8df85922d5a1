// K-SEQ whose residual takes away what one sibling would emit, min(p / rho, q), not what all k do together.
// No release is known; with one sibling it is right.
#pragma once

#include <algorithm>

#include "strategies/rules/kseq.h"

namespace speclab::bugs {

class KSeqUnscaled : public KSeq {
 protected:
  double leave_residual(std::span<double> p, std::span<const double> q, double rho, int) const override {
    double left = 0;
    for (std::size_t x = 0; x < p.size(); ++x) left += p[x] -= std::min(p[x] / rho, q[x]);
    return left;
  }
};

}  // namespace speclab::bugs
