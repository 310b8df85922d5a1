#pragma once

#include "strategies/rules/speculative_sampling.h"

namespace speclab::bugs {

class WrongRow : public SpeculativeSampling {
 protected:
  Choice choose_by(const Sequence& sequence, const Draft& draft, int node,
                   std::span<const float> logits) override {
    const std::span<const float> judged_by = node == 0 ? logits : above_;
    above_ = logits;
    return SpeculativeSampling::choose_by(sequence, draft, node, judged_by);
  }

 private:
  std::span<const float> above_;  // the row at the node that was left last
};

}  // namespace speclab::bugs
