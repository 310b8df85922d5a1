// Block verification that stops at the first guess whose test fails, as token verification does. The last
// guess whose test passes counts, and the tests' probabilities are made for that. No release is known.
#pragma once

#include <algorithm>

#include "strategies/rules/block.h"

namespace speclab::bugs {

class BlockEarlyBreak : public Block {
 protected:
  void judge_tree(const Sequence& sequence, const Draft& draft, const Scores& target,
                  Verdict& verdict) override {
    if (sequence.sampling.temperature == 0) return follow_likeliest(draft, target, verdict);
    RandomSource& chance = *sequence.judge_chance;
    int kept = 0;
    double kept_alpha = 1, alpha = 1;
    residual_.begin(draft, 0, target[0], sequence.sampling);
    for (int node = draft.first_candidate(0); node != TokenTree::kNone; node = draft.first_candidate(node)) {
      alpha = std::min(1.0, alpha * residual_.odds(node, draft.drawn(node)));
      residual_.begin(draft, node, target[node], sequence.sampling);
      if (!chance.bernoulli(ends_here(draft, node, alpha))) break;
      kept = node;
      kept_alpha = alpha;
      residual_.begin(draft, node, target[node], sequence.sampling);
    }
    residual_.begin(draft, kept, target[kept], sequence.sampling);
    ends_here(draft, kept, kept_alpha);
    verdict.path = draft.tree().path(kept);
    verdict.next = static_cast<Token>(chance.categorical(residual_.p()));
  }

 private:
  // h_i, and leaves the residual of the token after it.
  double ends_here(const Draft& draft, int node, double alpha) {
    const int child = draft.first_candidate(node);
    if (child == TokenTree::kNone) return alpha;
    return remaining(alpha, residual_.reject(child, draft.drawn(child), alpha));
  }

  Residual residual_;
};

}  // namespace speclab::bugs
