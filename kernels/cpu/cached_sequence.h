#pragma once

#include <memory>
#include <vector>

#include "kernels/cpu/kv_cache.h"

namespace speclab {

// What a model knows of one sequence: its text, then the tree nodes evaluated since the last `keep`.
struct CachedSequence {
  explicit CachedSequence(std::shared_ptr<KvCache> shared) : cache(std::move(shared)) {}

  int used() const { return length + static_cast<int>(nodes.size()); }
  bool evaluated(int node) const {
    return node >= 0 && node < static_cast<int>(entries.size()) &&
           entries[static_cast<std::size_t>(node)].slot >= 0;
  }
  void add(int node, int parent) {
    if (node >= static_cast<int>(entries.size())) entries.resize(static_cast<std::size_t>(node) + 1);
    entries[static_cast<std::size_t>(node)] = {used(), parent};
    nodes.push_back(node);
  }
  void forget_nodes() {
    for (const int node : nodes) entries[static_cast<std::size_t>(node)] = {};
    nodes.clear();
  }

  struct Entry {
    int slot = -1;  // in the cache; -1: not evaluated
    int parent = -1;
  };
  std::shared_ptr<KvCache> cache;
  int length = 0;              // certain tokens
  std::vector<int> nodes;      // evaluated, in the order of their slots: length, length + 1, ...
  std::vector<Entry> entries;  // by node number
};

}  // namespace speclab
