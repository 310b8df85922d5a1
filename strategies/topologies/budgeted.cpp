#include "strategies/topologies/budgeted.h"

#include <algorithm>

#include "strategies/topologies/path_probability.h"

namespace speclab {

void Budgeted::prune(Batch, std::span<Draft> drafts) {
  candidates_.clear();
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    value_.clear();
    path_probabilities(drafts[i], value_);
    for (int node = 1; node < drafts[i].size(); ++node) {
      const auto parent = static_cast<std::size_t>(drafts[i].tree().parent(node));
      candidates_.push_back({value_[parent], drafts[i].tree().depth(node), static_cast<int>(i)});
    }
  }
  if (static_cast<int>(candidates_.size()) <= budget_) return;
  std::ranges::stable_sort(candidates_, [](const Candidate& a, const Candidate& b) {
    return a.above != b.above ? a.above > b.above : a.depth < b.depth;
  });
  candidates_.resize(static_cast<std::size_t>(budget_));

  lengths_.assign(drafts.size(), 0);
  for (const Candidate& c : candidates_) ++lengths_[c.draft];
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    if (drafts[i].size() - 1 == lengths_[i]) continue;
    std::vector<bool> kept(static_cast<std::size_t>(drafts[i].size()));
    for (int node = 0; node <= lengths_[i]; ++node) kept[node] = true;
    drafts[i].prune(kept);
  }
}

}  // namespace speclab
