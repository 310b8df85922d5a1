#include "core/draft.h"

#include "core/check.h"

namespace speclab {

void Draft::prune(const std::vector<bool>& kept) {
  SPECLAB_CHECK(original_index_.empty(), "a draft of {} nodes is pruned twice", size());
  SPECLAB_CHECK(static_cast<int>(kept.size()) == size(), "{} marks for {} nodes", kept.size(), size());
  const TokenTree grown = tree_;
  const std::vector<Guess> guesses = guesses_;
  const std::vector<Row> scores = scores_;
  const std::vector<Draw> draws = draws_;
  reset(grown.token(0), proposers_);
  draws_ = draws;
  std::vector<int> now(static_cast<std::size_t>(grown.size()), TokenTree::kNone);
  const auto move_scores = [&](int from, int to) {
    for (int p = 0; p < proposers_; ++p) {
      const std::size_t at = index(from, p);
      if (at < scores.size() && scores[at]) set_scores(to, scores[at], p);
    }
  };
  now[0] = 0;
  std::vector<int> original_index{0};
  move_scores(0, 0);
  for (int node = 1; node < grown.size(); ++node) {
    if (!kept[node]) continue;
    const int parent = now[grown.parent(node)];
    SPECLAB_CHECK(parent != TokenTree::kNone, "node {} is kept without its parent", node);
    const Guess& guess = guesses[node];
    const int added = add(parent, grown.token(node), guess.proposer, guess.probe);
    set_confidence(added, guess.confidence);
    now[node] = added;
    original_index.push_back(node);
    move_scores(node, added);
  }
  original_index_ = std::move(original_index);
}

}  // namespace speclab
