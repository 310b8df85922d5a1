#pragma once

#include "strategies/rules/sampling_rule.h"

namespace speclab {

// SpecTr's K-SEQ (Sun et al. 2023, arXiv 2310.15141, algorithm 2): all k siblings, independent draws from one
// q, are compared with the same p / (rho q). rho is the smallest for which the accepted siblings leave a
// residual, so that one is accepted with at least 1 - 1/e of the best possible probability. With k = 1 it is
// speculative sampling.
class KSeq : public SamplingRule {
 public:
  RuleRequirements requirements() const override {
    return {.one_proposer = true, .draws = {Draw::independent}};
  }
  DeviceForm device_form() const override {
    return {.kernel = DeviceForm::Kernel::kseq, .of = &typeid(KSeq)};
  }

 protected:
  Choice choose(int node, Residual& residual, RandomSource& chance) override;
  // p becomes what remains of it, not scaled, after all k were rejected. Returns its sum.
  virtual double leave_residual(std::span<double> p, std::span<const double> q, double rho, int k) const;

  // beta(rho), the probability that one sibling is accepted.
  static double beta(std::span<const double> p, std::span<const double> q, double rho);
  // (1 - (1 - beta)^k) / beta: how often a token is emitted as a sibling for each time that one sibling would
  // be.
  static double gain(double beta, int k);

 private:
  static double solve_rho(std::span<const double> p, std::span<const double> q, int k);
};

}  // namespace speclab
