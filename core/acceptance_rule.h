#pragma once

#include <span>

#include "core/drafter.h"

namespace speclab {

// Walks each tree along the target's scores and says which path stays.
class AcceptanceRule {
 public:
  virtual ~AcceptanceRule() = default;
  // Whether the text is distributed as the target's own, for every draft that tells truly how it was drawn.
  virtual bool lossless(const Sampling& sampling) const = 0;
  // Fills one verdict per sequence. `target` has, per sequence, the root's row and a row per node.
  virtual void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
                     std::span<Verdict> verdicts) = 0;
};

}  // namespace speclab
