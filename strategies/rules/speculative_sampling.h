#pragma once

#include <vector>

#include "strategies/rules/host_rule.h"

namespace speclab {

// Speculative sampling (Leviathan et al. 2023, algorithm 1; Chen et al. 2023, algorithm 2): a guess x ~ q is
// accepted with probability min(1, p(x) / q(x)); on rejection p becomes norm(max(p - q, 0)), and the next
// sibling, or the token instead, is judged against that. Siblings that were drawn independently keep q
// (SpecInfer, Miao et al. 2024, algorithm 2); siblings drawn without replacement are judged against q without
// the earlier ones (Sequoia, Chen et al. 2024, algorithm 2); `fixed` guesses have a one-hot q.
class SpeculativeSampling : public HostRule {
 public:
  bool lossless(const Sampling&) const override { return true; }

 protected:
  Choice choose(const Sequence& sequence, const Draft& draft, int node,
                std::span<const float> logits) override;

 private:
  // The distribution that a candidate was drawn from, given its elder siblings.
  std::vector<double>& proposal(const Draft& draft, int node, int proposer);

  std::vector<double> p_;
  std::vector<std::vector<double>> q_;  // by proposer; empty until it is needed at a node
};

}  // namespace speclab
