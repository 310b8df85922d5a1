#pragma once

#include <memory>

#include "core/drafter_decorator.h"
#include "core/topology.h"

namespace speclab {

// A drafter within another one, and the topology that it asks, which is nobody else's.
class WithTopology : public DrafterDecorator {
 public:
  WithTopology(std::unique_ptr<Topology> topology, std::unique_ptr<Drafter> drafter)
      : DrafterDecorator(*drafter), topology_(std::move(topology)), drafter_(std::move(drafter)) {}

 private:
  std::unique_ptr<Topology> topology_;
  std::unique_ptr<Drafter> drafter_;
};

}  // namespace speclab
