#pragma once

#include <vector>

#include "strategies/topologies/chain.h"

namespace speclab {

// One budget of nodes for a whole batch, spent where it is likeliest to be accepted: chains are drafted for
// all sequences, and of all their nodes the best `budget` stay (adaptive verification of vLLM; the objective
// is SmartSpec's, Liu et al. 2024, arXiv 2406.14066). A node ranks by the probability of the path that it
// hangs from, of equals the shallower and then the sequence that comes first in the batch. Why that is
// lossless, for all texts jointly: rank does not depend on a node's own token, and falls along a chain. So
// one might as well draw the nodes one by one in the order of their ranks until the budget is spent. Which
// chain goes on then depends on earlier draws alone, and whatever these were, the next guess is drawn from
// its scores; judged there and then, it gives a token of the target. With it, as with AdaptiveChain, a
// text depends on its batch: not its distribution, but at a temperature above 0 which of its texts comes out.
class Budgeted : public Chain {
 public:
  Budgeted(int length, int budget) : Chain(length), budget_(budget) {}

  void prune(Batch batch, std::span<Draft> drafts) override;
  bool reads_confidence() const override { return true; }

 private:
  struct Candidate {
    double above;  // probability of the path to the parent
    int depth, draft;
  };
  int budget_;
  std::vector<Candidate> candidates_;
  std::vector<double> value_;
  std::vector<int> lengths_;  // draft -> how much of its chain stays
};

}  // namespace speclab
