#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/sequence.h"

namespace speclab {

// Which slots of its cache a sequence uses: its text, then the tree nodes evaluated since the last `keep`.
struct SequenceSlots {
  struct Entry {
    int slot = -1;  // in the cache; -1: not evaluated
    int parent = -1;
  };
  int length = 0;              // certain tokens
  std::vector<int> nodes;      // evaluated, in the order of their slots: length, length + 1, ...
  std::vector<Entry> entries;  // by node number

  int used() const { return length + static_cast<int>(nodes.size()); }
  bool evaluated(int node) const {
    return node >= 0 && node < static_cast<int>(entries.size()) && entries[node].slot >= 0;
  }
  void add(int node, int parent) {
    if (node >= static_cast<int>(entries.size())) entries.resize(static_cast<std::size_t>(node) + 1);
    entries[node] = {used(), parent};
    nodes.push_back(node);
  }
  // Forgets what came after `length` and the number of `nodes` were these, with no `keep` between.
  void go_back(int to_length, std::size_t to_nodes) {
    for (std::size_t i = to_nodes; i < nodes.size(); ++i) entries[nodes[i]] = {};
    nodes.resize(to_nodes);
    length = to_length;
  }
  void forget_nodes() {
    for (const int node : nodes) entries[node] = {};
    nodes.clear();
  }

  // Makes the evaluated part of a path certain and forgets all other nodes. `move(from, to)` is called for
  // each slot whose content has to change places, nearest the root first; `to` is never above `from`.
  template <class Move>
  void commit(SequenceId id, std::span<const int> path, const Move& move) {
    int parent = 0, end = length;
    for (const int node : path) {
      if (!evaluated(node)) break;
      const Entry& entry = entries[node];
      SPECLAB_CHECK(entry.parent == parent, "sequence {}: path has node {} after {}, but its parent is {}",
                    static_cast<int>(id), node, parent, entry.parent);
      if (entry.slot != end) move(entry.slot, end);
      ++end;
      parent = node;
    }
    length = end;
    forget_nodes();
  }

  // Forgets certain text beyond a length, and all nodes.
  void truncate(SequenceId id, int to) {
    SPECLAB_CHECK(to >= 0 && to <= length, "sequence {}: rewound to {} of {} tokens", static_cast<int>(id),
                  to, length);
    forget_nodes();
    length = to;
  }
};

// What a model keeps of each sequence that is open.
template <class State>
class OpenSequences {
 public:
  template <class... Arguments>
  State& open(SequenceId id, Arguments&&... arguments) {
    auto& state = states_[id];
    SPECLAB_CHECK(!state, "sequence {} is opened twice", static_cast<int>(id));
    return *(state = std::make_unique<State>(std::forward<Arguments>(arguments)...));
  }
  void close(SequenceId id) {
    SPECLAB_CHECK(states_.erase(id) == 1, "sequence {} is closed but not open", static_cast<int>(id));
  }
  State& find(SequenceId id) const {
    const auto found = states_.find(id);
    SPECLAB_CHECK(found != states_.end(), "sequence {} is not open", static_cast<int>(id));
    return *found->second;
  }

 private:
  std::unordered_map<SequenceId, std::unique_ptr<State>> states_;
};

}  // namespace speclab
