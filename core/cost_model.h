#pragma once

#include "core/clock.h"
#include "core/work.h"

namespace speclab {

// Predicts the time of work that need not have been done.
class CostModel {
 public:
  virtual ~CostModel() = default;
  virtual Seconds price(const Work& work) const = 0;
  virtual bool knows(Actor) const { return true; }  // whether work of this actor has a price
};

}  // namespace speclab
