#pragma once

#include <span>

namespace speclab {

// The source of every random decision. Nothing else in a run is random, so that a run can be
// replayed from its decisions, and all its outcomes enumerated.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual bool bernoulli(double p) = 0;  // true with probability p; p outside (0, 1) is no decision
  // An index, in proportion to the weights (>= 0, at least one > 0); zeros are never chosen.
  virtual int categorical(std::span<const double> weights) = 0;
};

}  // namespace speclab
