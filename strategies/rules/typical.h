#pragma once

#include <vector>

#include "strategies/rules/deterministic_rule.h"

namespace speclab {

// Typical acceptance (Medusa, Cai et al. 2024, arXiv 2401.10774, section 2.3.1; released as
// `evaluate_posterior`): a guess x is accepted if p(x) > min(epsilon, delta exp(-H(p))), the entropy H in
// nats; of all accepted paths the longest stays, of equally long ones the likeliest under the target, then
// the first. The token after it is the target's likeliest, as released (`fast`): it is what lets every step
// emit one token unconditionally.
//
// p is the target's distribution with all sampling settings; the released code has the temperature alone, and
// log(p + 1e-5) in H. Lossy: nothing is ever drawn. At temperature 0 it is exact match.
class Typical : public DeterministicRule {
 public:
  Typical(double epsilon, double delta) : epsilon_(epsilon), delta_(delta) {}

  bool lossless(const Sampling& sampling) const override { return sampling.temperature == 0; }

 protected:
  RowStats::Asked asks(const Sequence& sequence) const override {
    if (sequence.sampling.temperature == 0) return {};
    return {.candidates = true, .exp_neg_entropy = true, .probabilities = sequence.sampling};
  }
  void judge_tree(const Sequence& sequence, const Draft& draft, const TreeStats& target,
                  Verdict& verdict) override;

 private:
  double epsilon_, delta_;
  std::vector<double> log_likelihood_;  // by node: of the path to it; minus infinity where that was rejected
};

}  // namespace speclab
