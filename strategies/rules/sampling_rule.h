#pragma once

#include "core/tree_walk.h"
#include "strategies/rules/host_rule.h"
#include "strategies/rules/residual.h"

namespace speclab {

// A rule that samples from the target's distribution, from the root to a leaf. Subclasses implement choose():
// how one node is decided. At temperature 0 the distribution is one-hot, and every such rule follows the
// likeliest token.
class SamplingRule : public HostRule {
 public:
  bool lossless(const Sampling&) const override { return true; }

 protected:
  // `residual` is the node's, with no candidate judged yet.
  virtual Choice choose(int node, Residual& residual, RandomSource& chance) = 0;

  // The row at `node` is `logits`; the temperature is not 0.
  virtual Choice choose_by(const Sequence& sequence, const Draft& draft, int node,
                           std::span<const float> logits) {
    residual_.begin(draft, node, logits, sequence.sampling);
    return choose(node, residual_, *sequence.judge_chance);
  }

  void judge_tree(const Sequence& sequence, const Draft& draft, const Scores& target,
                  Verdict& verdict) override {
    if (sequence.sampling.temperature == 0) return follow_likeliest(draft, target, verdict);
    walk(verdict, [&](int node) { return choose_by(sequence, draft, node, target[node]); });
  }

 private:
  Residual residual_;
};

}  // namespace speclab
