#include "strategies/topologies/best_first.h"

#include <algorithm>

#include "strategies/topologies/path_probability.h"

namespace speclab {

void BestFirst::grow(Batch, std::span<const Draft> drafts, int round, std::vector<Growth>& growth) {
  if (round == depth_) return;
  values_.resize(std::max(values_.size(), drafts.size()));
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    std::vector<double>& value = values_[i];
    if (round == 0) value.clear();
    path_probabilities(drafts[i], value);
    candidates_.clear();
    for (int node = 0; node < drafts[i].size(); ++node) {
      if (drafts[i].tree().depth(node) == round) candidates_.push_back(node);
    }
    std::ranges::stable_sort(candidates_, [&](int a, int b) { return value[a] > value[b]; });
    if (static_cast<int>(candidates_.size()) > top_k_) candidates_.resize(static_cast<std::size_t>(top_k_));
    std::ranges::sort(candidates_);
    for (const int node : candidates_) growth.push_back({static_cast<int>(i), node, top_k_});
  }
}

void BestFirst::prune(Batch, std::span<Draft> drafts) {
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    Draft& draft = drafts[i];
    if (draft.size() - 1 <= nodes_) continue;
    std::vector<double>& value = values_[i];
    path_probabilities(draft, value);
    candidates_.clear();
    for (int node = 1; node < draft.size(); ++node) candidates_.push_back(node);
    std::ranges::stable_sort(candidates_, [&](int a, int b) {
      const double va = value[a], vb = value[b];
      return va != vb ? va > vb : draft.tree().depth(a) < draft.tree().depth(b);
    });
    std::vector<bool> kept(static_cast<std::size_t>(draft.size()));
    kept[0] = true;
    for (int at = 0; at < nodes_; ++at) kept[candidates_[static_cast<std::size_t>(at)]] = true;
    draft.prune(kept);
  }
}

}  // namespace speclab
