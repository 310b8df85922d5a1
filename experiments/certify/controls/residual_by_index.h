#pragma once

#include <algorithm>
#include <vector>

#include "core/numerics/ordered_sum.h"
#include "core/numerics/softmax.h"
#include "strategies/rules/speculative_sampling.h"

namespace speclab::bugs {

class ResidualByIndex : public SpeculativeSampling {
 protected:
  bool accepts(int child, Residual& residual, RandomSource& chance) override {
    const Draft& draft = residual.draft();
    const Draw draw = draft.drawn(child);
    if (draw == Draw::fixed) return SpeculativeSampling::accepts(child, residual, chance);
    if (chance.bernoulli(residual.odds(child, draw))) return true;
    const std::span<double> q = residual.q(draft.proposer(child));
    misaligned_subtract(residual.p(), q);
    if (draw == Draw::without_replacement) take_out(q, draft.tree().token(child));
    return false;
  }

 private:
  // Entries that are 0 are not in the lists. Where nothing would be left, p stays.
  void misaligned_subtract(std::span<double> p, std::span<const double> q) {
    residual_.assign(p.size(), 0);
    std::size_t j = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      if (p[i] <= 0) continue;
      while (j < q.size() && q[j] <= 0) ++j;
      residual_[i] = std::max(p[i] - (j < q.size() ? q[j++] : 0), 0.0);
    }
    const double left = ordered_sum(residual_);
    if (left <= 0) return;
    for (std::size_t i = 0; i < p.size(); ++i) p[i] = residual_[i] / left;
  }

  std::vector<double> residual_;
};

}  // namespace speclab::bugs
