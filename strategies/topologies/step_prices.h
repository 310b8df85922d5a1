#pragma once

#include "core/cost_model.h"

namespace speclab {

// What the passes of a step cost under a cost model, for choosing trees by it.
class StepPrices {
 public:
  // With `free_drafts` passes of the draft cost nothing: there is no draft model.
  StepPrices(const CostModel& prices, bool free_drafts, int sequences)
      : prices_(prices), free_drafts_(free_drafts), sequences_(sequences) {}

  // The target scores, for each sequence, a root and `nodes` guesses, spread evenly over `depth` levels,
  // after `context` cached positions.
  Seconds target(int nodes, int depth, std::int64_t context) const {
    return pass(Actor::target, nodes + 1, depth, context);
  }
  // The draft model scores one node of each sequence.
  Seconds draft(std::int64_t context) const { return free_drafts_ ? 0 : pass(Actor::draft, 1, 0, context); }

 private:
  Seconds pass(Actor actor, int rows, int depth, std::int64_t context) const {
    const std::int64_t own =
        static_cast<std::int64_t>(rows) * (depth + 2) / 2;  // a node, its ancestors, the root
    return prices_.price({.actor = actor,
                          .op = Op::forward,
                          .sequences = sequences_,
                          .new_tokens = sequences_ * rows,
                          .rows = sequences_ * rows,
                          .context = sequences_ * context,
                          .pairs = sequences_ * (rows * context + own)});
  }

  const CostModel& prices_;
  bool free_drafts_;
  int sequences_;
};

}  // namespace speclab
