#pragma once

#include <cstdint>
#include <vector>

namespace speclab {

using Token = std::int32_t;

// A rooted tree of tokens. Node 0 is the root, and every parent precedes its children,
// so a walk in node order meets ancestors first.
class TokenTree {
 public:
  static constexpr int kNone = -1;

  explicit TokenTree(Token root = 0) { reset(root); }

  // Forgets all nodes but a new root; keeps the memory.
  void reset(Token root) {
    nodes_.clear();
    nodes_.push_back({root, kNone, 0, kNone, kNone, kNone});
  }

  // The new node's number.
  int add(int parent, Token token) {
    const int node = size();
    Node& above = nodes_[parent];
    const int depth = above.depth + 1;
    if (above.last_child == kNone) {
      above.first_child = node;
    } else {
      nodes_[above.last_child].next_sibling = node;
    }
    above.last_child = node;
    nodes_.push_back({token, parent, depth, kNone, kNone, kNone});
    return node;
  }

  void set_token(int node, Token token) { nodes_[node].token = token; }

  int size() const { return static_cast<int>(nodes_.size()); }
  Token token(int node) const { return nodes_[node].token; }
  int parent(int node) const { return nodes_[node].parent; }  // kNone for the root
  int depth(int node) const { return nodes_[node].depth; }    // 0 for the root

  // Children in the order in which they were added; kNone ends the walk.
  int first_child(int node) const { return nodes_[node].first_child; }
  int next_sibling(int node) const { return nodes_[node].next_sibling; }

  // Nodes below the root on the way to `node`, nearest the root first.
  std::vector<int> path(int node) const {
    std::vector<int> nodes(static_cast<std::size_t>(depth(node)));
    for (auto at = nodes.rbegin(); at != nodes.rend(); ++at, node = parent(node)) *at = node;
    return nodes;
  }

 private:
  struct Node {
    Token token;
    int parent, depth, first_child, last_child, next_sibling;
  };
  std::vector<Node> nodes_;
};

}  // namespace speclab
