#pragma once

#include <algorithm>

#include "strategies/rules/speculative_sampling.h"

namespace speclab::bugs {

class SortedChildren : public SpeculativeSampling {
 protected:
  std::size_t next(std::span<const int> waiting, Residual& residual, RandomSource&) override {
    const Draft& draft = residual.draft();
    if (draft.drawn(waiting.front()) == Draw::fixed) return 0;
    const auto q = [&](int child) { return residual.q(draft.proposer(child))[draft.tree().token(child)]; };
    return static_cast<std::size_t>(std::ranges::max_element(waiting, {}, q) - waiting.begin());
  }
};

}  // namespace speclab::bugs
