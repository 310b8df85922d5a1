// Children are judged likeliest first, not in the order in which they were drawn. No release is known; a tree
// that keeps its children sorted does it by itself.
#pragma once

#include <algorithm>

#include "experiments/certify/controls/judged_siblings.h"

namespace speclab::bugs {

class SortedChildren : public JudgedSiblings {
 protected:
  void rearrange(const Draft& draft, int node, std::vector<int>& candidates, Draw&) override {
    if (draft.draw() == Draw::fixed || candidates.empty()) return;
    const std::span<const double> q = draft.scores(node).f64();
    std::ranges::stable_sort(candidates, [&](int a, int b) {
      return q[static_cast<std::size_t>(draft.tree().token(a))] >
             q[static_cast<std::size_t>(draft.tree().token(b))];
    });
  }
};

}  // namespace speclab::bugs
