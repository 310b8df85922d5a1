#pragma once

#include "core/cost_model.h"

namespace speclab {

// The sequences that share a pass, and their cached positions together.
struct Load {
  int sequences = 1;
  std::int64_t context = 0;
};

// What steps cost under a cost model, for choosing trees by it: passes, and what the host adds to them, which
// for a batch may be a third of a step.
class StepPrices {
 public:
  // With `free_drafts` passes of the draft cost nothing: there is no draft model.
  StepPrices(const CostModel& prices, bool free_drafts) : prices_(prices), free_drafts_(free_drafts) {}

  // The target scores, for each sequence, a root and `nodes` guesses, spread evenly over `depth` levels,
  // which the rule judges; and the rest of a step.
  Seconds target(int nodes, int depth, Load load) const {
    return step(pass(Actor::target, nodes + 1, depth, load));
  }
  // The same, where one sequence, of `context` cached positions, has a guess more below its deepest.
  Seconds target_and_one(int nodes, int depth, Load load, std::int64_t context) const {
    Work work = pass(Actor::target, nodes + 1, depth, load);
    ++work.new_tokens;
    ++work.rows;
    work.pairs += context + depth + 2;
    return step(work);
  }
  // The draft model scores one node of each sequence.
  Seconds draft(Load load) const { return free_drafts_ ? 0 : prices_.price(pass(Actor::draft, 1, 0, load)); }
  // The draft model reads the last `tokens` of a single sequence and scores what follows them.
  Seconds draft_after(int tokens, std::int64_t context) const {
    if (free_drafts_) return 0;
    Work work = pass(Actor::draft, 1, 0, {1, context - tokens + 1});
    work.new_tokens = tokens;
    work.pairs = tokens * work.context + static_cast<std::int64_t>(tokens) * (tokens + 1) / 2;
    return prices_.price(work);
  }

 private:
  Seconds step(const Work& pass) const {
    const int guesses = pass.rows - pass.sequences;
    return prices_.price(pass) +
           prices_.price({.op = Op::draft, .sequences = pass.sequences, .new_tokens = guesses}) +
           prices_.price({.op = Op::judge, .sequences = pass.sequences, .rows = pass.rows}) +
           prices_.price({.op = Op::step, .sequences = pass.sequences});
  }
  static Work pass(Actor actor, int rows, int depth, Load load) {
    const std::int64_t own =
        static_cast<std::int64_t>(rows) * (depth + 2) / 2;  // a node, its ancestors, the root
    return {.actor = actor,
            .op = Op::forward,
            .sequences = load.sequences,
            .new_tokens = load.sequences * rows,
            .rows = load.sequences * rows,
            .context = load.context,
            .pairs = rows * load.context + load.sequences * own};
  }

  const CostModel& prices_;
  bool free_drafts_;
};

}  // namespace speclab
