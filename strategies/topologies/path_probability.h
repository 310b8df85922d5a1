#pragma once

#include <vector>

#include "core/draft.h"

namespace speclab {

// The product of confidences from the root to each node. Extends `of` by the nodes that it lacks.
inline void path_probabilities(const Draft& draft, std::vector<double>& of) {
  if (of.empty()) of.push_back(1);
  for (int node = static_cast<int>(of.size()); node < draft.size(); ++node) {
    of.push_back(of[draft.tree().parent(node)] * draft.confidence(node));
  }
}

}  // namespace speclab
