#pragma once

#include <vector>

#include "strategies/topologies/step_prices.h"

namespace speclab {

// A static tree as in Paths: each node as the ranks on its way from the root.
using RankPaths = std::vector<std::vector<int>>;

// F(T): tokens that a step emits on average with a tree, the target's own included, where a node's child of
// rank r is accepted with probability acceptance[d][r] if the node is; d is the node's depth, and the last
// entry serves all deeper ones. Ranks beyond the list are never accepted (Chen et al. 2024, Sequoia, arXiv
// 2402.12374, section 3, and for heads of different accuracy Cai et al. 2024, Medusa, arXiv 2401.10774,
// section 2.3.3).
double expected_tokens(const RankPaths& tree, const std::vector<std::vector<double>>& acceptance);

// The first half of the 32 ranks of acceptance-rate-vector.pt in Infini-AI-Lab/Sequoia, of a pair that is not
// named.
const std::vector<double>& published_acceptance();

// The trees that maximise F, found by dynamic programming over size, depth and rank (Sequoia, section 3 and
// appendix, the version of bounded depth).
class SequoiaSearch {
 public:
  // `acceptance` by rank; knows all trees of at most so many guesses and levels.
  SequoiaSearch(std::vector<double> acceptance, int nodes, int depth);

  // G(n, d): of a best tree of at most so many guesses and levels.
  double expected(int nodes, int depth) const { return tree_[at(depth, nodes)]; }
  RankPaths tree(int nodes, int depth) const;

 private:
  std::size_t at(int depth, int nodes) const {
    return static_cast<std::size_t>(depth) * static_cast<std::size_t>(nodes_ + 1) +
           static_cast<std::size_t>(nodes);
  }
  std::size_t at(int depth, int rank, int nodes) const {
    return (static_cast<std::size_t>(depth) * (acceptance_.size() + 1) + static_cast<std::size_t>(rank)) *
               static_cast<std::size_t>(nodes_ + 1) +
           static_cast<std::size_t>(nodes);
  }
  void add(int nodes, int depth, std::vector<int>& above, RankPaths& paths) const;

  std::vector<double> acceptance_;
  int nodes_, depth_;
  std::vector<double> tree_;    // depth, nodes -> F of the best tree
  std::vector<double> forest_;  // depth, rank, nodes -> what children of this rank and later ones add at best
  std::vector<int> first_;      // the same -> nodes of the first of these children and what is below it
};

struct TreeSize {
  int nodes = 0, depth = 0;  // guesses and levels: 0, 0 is plain decoding

  bool operator==(const TreeSize&) const = default;
};

// The size that maximises speedup(n, d) = G(n, d) / (t(n) + d c), for t(n) a target pass over the tree and c
// a pass of the draft, in passes of the target over one token (the hardware-aware optimizer of section 3).
// Among sizes from `least` to `most`, of equals the smallest.
TreeSize best_size(const SequoiaSearch& search, TreeSize min, TreeSize max, const StepPrices& prices,
                   Load load);

}  // namespace speclab
