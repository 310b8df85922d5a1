#pragma once

#include <vector>

#include "core/topology.h"

namespace speclab {

// The dynamic draft tree of EAGLE-2 (Li et al. 2024, arXiv 2406.16858, section 4). Expansion: in each of
// `depth` levels the top_k nodes whose path is likeliest to the draft model get top_k children each.
// Reranking: of all nodes the `nodes` likeliest stay, of equals the shallower; as no path is likelier than
// its beginning, they are connected. Pruning looks at the token, so only Draw::fixed is lossless; as in
// the released code they are judged as certain. Its confidence is the softmax at temperature 1, here it is
// Draft::confidence.
class BestFirst : public Topology {
 public:
  // `nodes` counts guesses, without the root.
  BestFirst(int nodes, int depth, int top_k) : nodes_(nodes), depth_(depth), top_k_(top_k) {}

  void grow(Batch batch, std::span<const Draft> drafts, int round, std::vector<Growth>& growth) override;
  void prune(Batch batch, std::span<Draft> drafts) override;
  int width() const override { return nodes_ > 1 ? top_k_ : 1; }
  bool reads_confidence() const override { return true; }
  bool prunes_by_token() const override { return true; }

 private:
  int nodes_, depth_, top_k_;
  std::vector<std::vector<double>> values_;  // draft -> node -> path probability
  std::vector<int> candidates_;
};

}  // namespace speclab
