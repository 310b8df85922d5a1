#pragma once

#include <vector>

#include "core/acceptance_rule.h"

namespace speclab {

// The nodes of a batch's drafts that may be judged, those that are no probes, numbered anew in one row: draft
// after draft, each in its order, its root first.
class DraftNodes {
 public:
  struct Tree {
    const Sequence* sequence;
    const Draft* draft;
    int row;  // of the target's: the root's
    int begin = 0, size = 0;
  };

  void number(Batch batch, std::span<const Draft> drafts, const Forward& target);
  const std::vector<Tree>& trees() const { return trees_; }
  int size() const { return static_cast<int>(nodes_.size()); }
  // Of its draft.
  int node(int number) const { return nodes_[number]; }
  // kNone for a probe, and for kNone.
  int number(const Tree& tree, int node) const;
  // The target's row of a node.
  int row(const Tree& tree, int number) const { return tree.row + node(number); }

 private:
  std::vector<Tree> trees_;
  std::vector<int> nodes_;
  std::vector<int> numbers_;  // by node of all drafts
  std::vector<int> first_;    // by tree, in numbers_
};

}  // namespace speclab
