#pragma once

#include <vector>

#include "strategies/rules/sampling_rule.h"

namespace speclab {

// A rule that judges a node's candidates one after another; where none is accepted, the token is drawn from
// what the rejections left of the target's distribution.
class SequentialRule : public SamplingRule {
 protected:
  virtual bool accepts(int child, Residual& residual, RandomSource& chance) = 0;
  // Which of the candidates that wait is next, as an index; in the order in which they were drawn, it is 0.
  virtual std::size_t next(std::span<const int> /*waiting*/, Residual&, RandomSource&) { return 0; }

  Choice choose(int node, Residual& residual, RandomSource& chance) override;

 private:
  std::vector<int> waiting_;
};

}  // namespace speclab
