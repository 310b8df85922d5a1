#pragma once

#include <vector>

#include "strategies/rules/speculative_sampling.h"

namespace speclab::bugs {

// Speculative sampling that is shown, at each node, a draft of that node and its candidates alone, after a
// bug has rearranged them.
class JudgedSiblings : public SpeculativeSampling {
 protected:
  // `candidates` are children of `node`; `draw` says how they claim to have been drawn.
  virtual void rearrange(const Draft& draft, int node, std::vector<int>& candidates, Draw& draw) = 0;

  Choice choose(const Sequence& sequence, const Draft& draft, int node,
                std::span<const float> logits) override {
    candidates_.clear();
    for (int c = draft.first_candidate(node); c != TokenTree::kNone; c = draft.next_candidate(c)) {
      candidates_.push_back(c);
    }
    shown_.reset(draft.tree().token(node), draft.proposers());
    Draw draw = draft.draw();
    rearrange(draft, node, candidates_, draw);
    shown_.set_draw(draw);
    for (int i = 0; i < draft.proposers(); ++i) shown_.set_scores(0, draft.scores(node, i), i);
    for (const int c : candidates_) shown_.add(0, draft.tree().token(c), draft.proposer(c));
    Choice choice = SpeculativeSampling::choose(sequence, shown_, 0, logits);
    if (choice.child != TokenTree::kNone) choice.child = candidates_[choice.child - 1];
    return choice;
  }

 private:
  Draft shown_;
  std::vector<int> candidates_;
};

}  // namespace speclab::bugs
