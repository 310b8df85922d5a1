#pragma once

#include <vector>

#include "strategies/rules/host_rule.h"

namespace speclab {

// Typical acceptance (Medusa, Cai et al. 2024, arXiv 2401.10774, section 2.3.1; released as
// `evaluate_posterior`): a guess x is accepted if p(x) > min(epsilon, delta exp(-H(p))), the entropy H in
// nats; of all accepted paths the longest stays, of equally long ones the likeliest under the target, then
// the first. The token after it is the target's likeliest, as released (`fast`): it is what lets every step
// emit one token unconditionally.
//
// p is the target's distribution with all sampling settings; the released code has the temperature alone, and
// log(p + 1e-5) in H. Lossy: nothing is ever drawn. At temperature 0 it is exact match.
class Typical : public HostRule {
 public:
  Typical(double epsilon, double delta) : epsilon_(epsilon), delta_(delta) {}

  bool lossless(const Sampling& sampling) const override { return sampling.temperature == 0; }

 protected:
  void judge_tree(const Sequence& sequence, const Draft& draft, const Scores& target,
                  Verdict& verdict) override;

 private:
  double threshold(std::span<const double> p) const;

  double epsilon_, delta_;
  std::vector<double> p_;
  std::vector<double> log_likelihood_;  // by node: of the path to it; minus infinity where that was rejected
};

}  // namespace speclab
