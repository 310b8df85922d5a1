#include "strategies/drafters/corrected.h"

#include "core/check.h"

namespace speclab {

CorrectedDrafter::CorrectedDrafter(std::unique_ptr<Drafter> inner, OracleGuesses guesses)
    : DrafterDecorator(*inner), drafter_(std::move(inner)), oracle_(std::move(guesses)) {
  SPECLAB_CHECK(inner_.traits().proposers == 1, "guesses of {} drafters are corrected",
                inner_.traits().proposers);
}

DraftTraits CorrectedDrafter::traits() const {
  DraftTraits traits = inner_.traits();
  traits.draws = {Draw::fixed};
  return traits;
}

void CorrectedDrafter::draft(Batch batch, std::span<Draft> drafts) {
  inner_.draft(batch, drafts);
  for (std::size_t i = 0; i < batch.size(); ++i) correct(*batch[i], drafts[i]);
}

void CorrectedDrafter::correct(const Sequence& sequence, Draft& draft) {
  draft.set_draw(Draw::fixed);
  const std::span<const Token> ahead = oracle_.ahead(sequence);
  const TokenTree& tree = draft.tree();
  right_.assign(static_cast<std::size_t>(draft.size()), false);
  right_[0] = true;
  for (int node = 0; node < draft.size(); ++node) {
    children_.clear();
    for (int at = draft.first_candidate(node); at != TokenTree::kNone; at = draft.next_candidate(at)) {
      children_.push_back(at);
    }
    guesses_.clear();
    const Token left = oracle_.guess(sequence, ahead, node, tree.depth(node), right_[node],
                                     static_cast<int>(children_.size()), guesses_);
    if (guesses_.size() < children_.size()) guesses_.push_back({left, false});
    SPECLAB_CHECK(guesses_.size() == children_.size(), "{} children of node {} are not all different",
                  children_.size(), node);
    for (std::size_t i = 0; i < guesses_.size(); ++i) {
      draft.set_token(children_[i], guesses_[i].token);
      right_[children_[i]] = guesses_[i].right;
    }
  }
}

}  // namespace speclab
