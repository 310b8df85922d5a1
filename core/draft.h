#pragma once

#include <cstdint>
#include <vector>

#include "core/rows.h"
#include "core/token_tree.h"

namespace speclab {

enum class Draw : std::uint8_t {
  fixed,                // chosen without regard to the judge's stream; judged as certain (q one-hot)
  without_replacement,  // one after another from the node's scores, nothing put back
  independent           // each from the full scores; one token may be drawn twice
};

// One sequence's proposal. It says how it was drawn, because a lossless verdict depends on it.
class Draft {
 public:
  // A bare root; keeps the memory.
  void reset(Token root, int proposers = 1) {
    tree_.reset(root);
    draws_.assign(static_cast<std::size_t>(proposers), Draw::fixed);
    original_index_.clear();
    proposers_ = proposers;
    guesses_.assign(1, {});
    scores_.clear();
    probes_ = 0;
  }

  // The new node. A probe is evaluated by the target and never judged; all below it are probes.
  int add(int parent, Token token, int proposer = 0, bool probe = false) {
    guesses_.push_back({static_cast<std::uint8_t>(proposer), probe || guesses_[parent].probe, 1});
    probes_ += guesses_.back().probe ? 1 : 0;
    if (!original_index_.empty()) original_index_.push_back(TokenTree::kNone);
    return tree_.add(parent, token);
  }

  void set_token(int node, Token token) { tree_.set_token(node, token); }

  const TokenTree& tree() const { return tree_; }
  int size() const { return tree_.size(); }
  int probes() const { return probes_; }  // how many nodes are probes
  int proposers() const { return proposers_; }
  int proposer(int node) const { return guesses_[node].proposer; }  // whose row at the parent proposed it
  bool probe(int node) const { return guesses_[node].probe; }

  // How a proposer drew its guesses, and how the guess at `node` was drawn.
  Draw draw(int proposer = 0) const { return draws_[proposer]; }
  Draw drawn(int node) const { return draw(proposer(node)); }
  void set_draw(Draw draw, int proposer = 0) { draws_[proposer] = draw; }

  // A draft model's probabilities (f64, sampling settings applied) of what follows `node`; may be empty. At
  // temperature 0, where settings leave the likeliest token alone, they are those of temperature 1 and of all
  // tokens: how sure the model is. Rows live until the drafter is asked for the next drafts.
  Row scores(int node, int proposer = 0) const {
    const std::size_t at = index(node, proposer);
    return at < scores_.size() ? scores_[at] : Row{};
  }
  void set_scores(int node, Row row, int proposer = 0) {
    const std::size_t at = index(node, proposer);
    if (scores_.size() <= at) scores_.resize(at + 1);
    scores_[at] = row;
  }

  // What the proposer's scores at the parent say of the node's own token; 1 where nobody asked. It is a
  // number on the host, wherever scores lie.
  double confidence(int node) const { return guesses_[node].confidence; }
  void set_confidence(int node, double confidence) { guesses_[node].confidence = confidence; }

  // Children that the rule judges, in the order in which they were added; kNone ends the walk.
  int first_candidate(int node) const { return skip_probes(tree_.first_child(node)); }
  int next_candidate(int node) const { return skip_probes(tree_.next_sibling(node)); }

  // Takes out all nodes that are not kept (by node; the root always is, and where a node is, its parent is);
  // the others are numbered anew, in the same order. The models that helped to grow the draft know a node by
  // the number that it had until then.
  // A node that is added later has none.
  void prune(const std::vector<bool>& kept);
  int original_index(int node) const { return original_index_.empty() ? node : original_index_[node]; }

 private:
  struct Guess {
    std::uint8_t proposer = 0;
    bool probe = false;
    double confidence = 1;
  };
  std::size_t index(int node, int proposer) const {
    return static_cast<std::size_t>(node * proposers_ + proposer);
  }
  int skip_probes(int node) const {
    while (node != TokenTree::kNone && guesses_[node].probe) node = tree_.next_sibling(node);
    return node;
  }

  TokenTree tree_;
  int proposers_ = 1;
  std::vector<Guess> guesses_{1};
  std::vector<Row> scores_;               // node by node, as far as any were set
  std::vector<Draw> draws_{Draw::fixed};  // by proposer
  std::vector<int> original_index_;       // empty: nothing was pruned
  int probes_ = 0;
};

// What the target made of one draft.
struct Verdict {
  std::vector<int> path;  // accepted nodes below the root, nearest first
  Token next = 0;         // the target's own token after them
};

}  // namespace speclab
