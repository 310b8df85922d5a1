#pragma once

#include "strategies/rules/deterministic_rule.h"
#include "strategies/rules/sequential_rule.h"

namespace speclab {

// Speculative sampling with lenience l (Leviathan et al. 2023, appendix A.5): p is compared with l q instead
// of q, so that a guess x ~ q is accepted with probability min(1, p(x) / (l q(x))), and no token comes out
// with more than p(x) / l. The comparison alone is lenient; what a rejection leaves is norm(max(p - q, 0)) as
// ever, so that the text is as near the target's as its acceptance allows.
class LenientSampling : public SequentialRule {
 public:
  explicit LenientSampling(double lenience) : lenience_(lenience) {}

  bool lossless(const Sampling&) const override { return lenience_ == 1; }
  DeviceForm device_form() const override {
    return {.kernel = DeviceForm::Kernel::in_turn, .lenience = lenience_, .of = &typeid(LenientSampling)};
  }

 protected:
  bool accepts(int child, Residual& residual, RandomSource& chance) override {
    return residual.accepts(child, residual.draft().drawn(child), chance, lenience_);
  }

 private:
  double lenience_;
};

// The same at temperature 0, where lenience acts before the argmax: a guess may stand for the likeliest token
// if its probability, at temperature 1, is more than l of that token's.
class LenientGreedy : public DeterministicRule {
 public:
  explicit LenientGreedy(double lenience) : lenience_(lenience) {}

  bool lossless(const Sampling& sampling) const override {
    return sampling.temperature == 0 && lenience_ == 1;
  }

 protected:
  RowStats::Asked asks(const Sequence&) const override { return {.candidates = true}; }
  void judge_tree(const Sequence&, const Draft& draft, const TreeStats& target, Verdict& verdict) override;

 private:
  double lenience_;
};

// Either, as the temperature has it.
std::unique_ptr<AcceptanceRule> lenient(double lenience);

}  // namespace speclab
