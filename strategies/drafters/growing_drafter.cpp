#include "strategies/drafters/growing_drafter.h"

#include <algorithm>

#include "strategies/drafters/useful_depth.h"

namespace speclab {

void GrowingDrafter::draft(Batch batch, std::span<Draft> drafts) {
  begin(batch, drafts);
  for (int round = 0;; ++round) {
    growth_.clear();
    topology_.grow(batch, drafts, round, growth_);
    std::erase_if(growth_, [&](const Growth& g) {
      const Sequence& sequence = *batch[g.draft];
      return drafts[g.draft].tree().depth(g.parent) >= std::min(useful_depth(sequence), reach(sequence));
    });
    if (growth_.empty()) break;
    grow(batch, drafts, growth_);
  }
  topology_.prune(batch, drafts);
}

}  // namespace speclab
