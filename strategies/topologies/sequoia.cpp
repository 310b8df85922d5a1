#include "strategies/topologies/sequoia.h"

#include <algorithm>

namespace speclab {

double expected_tokens(const RankPaths& tree, const std::vector<std::vector<double>>& acceptance) {
  double sum = 1;
  for (const std::vector<int>& path : tree) {
    double product = 1;
    for (std::size_t d = 0; d < path.size(); ++d) {
      const std::vector<double>& by_rank = acceptance[std::min(d, acceptance.size() - 1)];
      const auto rank = static_cast<std::size_t>(path[d]);
      product *= rank < by_rank.size() ? by_rank[rank] : 0;
    }
    sum += product;
  }
  return sum;
}

const std::vector<double>& published_acceptance() {
  static const std::vector<double> vector{.63418, .10795, .05697, .02249, .01949, .01499, .0045, .003,
                                          .01199, .0045,  .0075,  .0045,  .006,   .003,   .0015, .003};
  return vector;
}

SequoiaSearch::SequoiaSearch(std::vector<double> acceptance, int nodes, int depth)
    : acceptance_(std::move(acceptance)), nodes_(nodes), depth_(depth) {
  const int ranks = static_cast<int>(acceptance_.size());
  tree_.assign(at(depth_ + 1, 0), 1);
  forest_.assign(at(depth_ + 1, 0, 0), 0);
  first_.assign(forest_.size(), 0);
  for (int d = 1; d <= depth_; ++d) {
    for (int rank = ranks - 1; rank >= 0; --rank) {
      for (int n = 1; n <= nodes_; ++n) {
        double& best = forest_[at(d, rank, n)];
        int& first = first_[at(d, rank, n)];
        for (int m = 1; m <= n; ++m) {  // nodes of this child's subtree, itself included
          const double value = acceptance_[rank] * tree_[at(d - 1, m - 1)] + forest_[at(d, rank + 1, n - m)];
          if (value <= best) continue;
          best = value;
          first = m;
        }
      }
    }
    for (int n = 1; n <= nodes_; ++n) tree_[at(d, n)] = 1 + forest_[at(d, 0, n)];
  }
}

RankPaths SequoiaSearch::tree(int nodes, int depth) const {
  RankPaths paths;
  std::vector<int> root;
  add(nodes, depth, root, paths);
  return paths;
}

void SequoiaSearch::add(int nodes, int depth, std::vector<int>& above, RankPaths& paths) const {
  for (int rank = 0; depth > 0 && nodes > 0 && rank < static_cast<int>(acceptance_.size()); ++rank) {
    const int subtree = first_[at(depth, rank, nodes)];
    if (subtree == 0) return;
    above.push_back(rank);
    paths.push_back(above);
    add(subtree - 1, depth - 1, above, paths);
    above.pop_back();
    nodes -= subtree;
  }
}

TreeSize best_size(const SequoiaSearch& search, TreeSize min, TreeSize max, const StepPrices& prices,
                   Load load) {
  TreeSize best;
  double max_tokens_per_second = 0;
  const Seconds draft = prices.draft(load);
  for (int n = min.nodes; n <= max.nodes; ++n) {
    for (int d = min.depth; d <= max.depth; ++d) {
      if ((n == 0) != (d == 0)) continue;
      const double goodput = search.expected(n, d) / (prices.target(n, std::min(n, d), load) + d * draft);
      if (goodput <= max_tokens_per_second) continue;
      max_tokens_per_second = goodput;
      best = {n, d};
    }
  }
  return best;
}

}  // namespace speclab
