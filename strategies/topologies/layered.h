#pragma once

#include <algorithm>
#include <vector>

#include "core/topology.h"

namespace speclab {

// Every node of depth d gets widths[d] children: the expansion configuration <k1, k2, ...> of SpecInfer
// (Miao et al. 2024, section 3).
class Layered : public Topology {
 public:
  explicit Layered(std::vector<int> widths) : widths_(std::move(widths)) {}

  void grow(Batch, std::span<const Draft> drafts, int round, std::vector<Growth>& growth) override {
    if (round == static_cast<int>(widths_.size())) return;
    const int width = widths_[round];
    for (std::size_t i = 0; i < drafts.size(); ++i) {
      const TokenTree& tree = drafts[i].tree();
      for (int node = 0; node < tree.size(); ++node) {
        if (tree.depth(node) == round) growth.push_back({static_cast<int>(i), node, width});
      }
    }
  }
  int width() const override { return *std::ranges::max_element(widths_); }

 private:
  std::vector<int> widths_;
};

}  // namespace speclab
