#pragma once

#include <vector>

#include "core/draft.h"

namespace speclab {

// What the draft model says of a node's token: its probability after the parent. 1 where the drafter gives no
// scores.
inline double own_probability(const Draft& draft, int node) {
  const Row scores = draft.scores(draft.tree().parent(node), draft.proposer(node));
  return scores ? scores.f64()[static_cast<std::size_t>(draft.tree().token(node))] : 1;
}

// The product of these from the root to each node. Extends `of` by the nodes that it lacks.
inline void path_probabilities(const Draft& draft, std::vector<double>& of) {
  if (of.empty()) of.push_back(1);
  for (int node = static_cast<int>(of.size()); node < draft.size(); ++node) {
    of.push_back(of[static_cast<std::size_t>(draft.tree().parent(node))] * own_probability(draft, node));
  }
}

}  // namespace speclab
