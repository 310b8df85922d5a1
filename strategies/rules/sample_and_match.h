#pragma once

#include "strategies/rules/sampling_rule.h"

namespace speclab {

// A token is drawn from the target at each node; the candidate that equals it is followed, and where none
// does the token is emitted. The naive sampling of SpecInfer (Miao et al. 2024, arXiv 2305.09781,
// section 4.3), and how llama.cpp's server verifies. Lossless for any guesses: they do not touch what is
// emitted, only how much of it in one step.
class SampleAndMatch : public SamplingRule {
 public:
  DeviceForm device_form() const override {
    return {.kernel = DeviceForm::Kernel::sample_and_match, .of = &typeid(SampleAndMatch)};
  }

 protected:
  Choice choose(int node, Residual& residual, RandomSource& chance) override {
    return follow(residual.draft(), node, static_cast<Token>(chance.categorical(residual.p())));
  }
};

}  // namespace speclab
