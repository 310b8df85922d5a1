// Traversal verification in which a node keeps the acceptance that it had before its children were rejected,
// instead of what they left of it. No release is known.
#pragma once

#include "strategies/rules/traversal.h"

namespace speclab::bugs {

class TraversalKeepsAlpha : public Traversal {
 protected:
  double remaining(double alpha, double) const override { return alpha; }
};

}  // namespace speclab::bugs
