#include "strategies/topologies/paths.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "core/errors.h"

namespace speclab {

Paths::Paths(const std::vector<std::vector<int>>& paths) : wanted_(1) {
  std::vector<std::vector<int>> ordered = paths;
  std::ranges::sort(ordered, [](const auto& a, const auto& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  std::map<std::vector<int>, int> index{{{}, 0}};
  for (const std::vector<int>& path : ordered) {
    if (path.empty()) throw ConfigError("topology.paths: [] is the root, which every tree has");
    if (index.contains(path)) throw ConfigError(fmt::format("topology.paths: {} stands twice", path));
    const std::vector<int> above(path.begin(), path.end() - 1);
    const auto parent = index.find(above);
    if (parent == index.end())
      throw ConfigError(fmt::format("topology.paths: {} lacks its parent {}", path, above));
    std::vector<int>& siblings = wanted_[parent->second].children;
    if (path.back() != static_cast<int>(siblings.size())) {
      throw ConfigError(
          fmt::format("topology.paths: {} lacks its elder sibling of rank {}", path, siblings.size()));
    }
    const int added = static_cast<int>(wanted_.size());
    siblings.push_back(added);
    index[path] = added;
    wanted_.emplace_back();
  }
}

int Paths::width() const {
  std::size_t max = 0;
  for (const Wanted& node : wanted_) max = std::max(max, node.children.size());
  return static_cast<int>(max);
}

void Paths::grow(Batch, std::span<const Draft> drafts, int round, std::vector<Growth>& growth) {
  placed_.resize(std::max(placed_.size(), drafts.size()));
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    const TokenTree& tree = drafts[i].tree();
    std::vector<int>& placed = placed_[i];
    if (round == 0) placed.assign(1, 0);
    while (static_cast<int>(placed.size()) < tree.size()) placed.push_back(TokenTree::kNone);
    for (int node = 0; node < tree.size(); ++node) {
      if (tree.depth(node) != round) continue;
      if (node > 0) {
        int rank = 0;
        for (int elder = tree.first_child(tree.parent(node)); elder != node; elder = tree.next_sibling(elder))
          ++rank;
        const auto above = static_cast<std::size_t>(placed[tree.parent(node)]);
        placed[node] = wanted_[above].children[rank];
      }
      const auto& children = wanted_[placed[static_cast<std::size_t>(node)]].children;
      if (!children.empty()) growth.push_back({static_cast<int>(i), node, static_cast<int>(children.size())});
    }
  }
}

}  // namespace speclab
