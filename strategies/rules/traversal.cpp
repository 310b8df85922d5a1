#include "strategies/rules/traversal.h"

#include <algorithm>

#include "core/check.h"

namespace speclab {

void Traversal::judge_tree(const Sequence& sequence, const Draft& draft, const Scores& target,
                           Verdict& verdict) {
  if (sequence.sampling.temperature == 0) return follow_likeliest(draft, target, verdict);
  int deepest = 0;
  for (int node = 0; node < draft.size(); ++node) deepest = std::max(deepest, draft.tree().depth(node));
  if (residuals_.size() <= static_cast<std::size_t>(deepest)) residuals_.resize(deepest + 1);
  const bool accepted = accepts({sequence, draft, target}, 0, 1, verdict);
  SPECLAB_CHECK(accepted, "the root was rejected");
}

bool Traversal::accepts(const Tree& tree, int node, double alpha, Verdict& verdict) {
  const Draft& draft = tree.draft;
  RandomSource& chance = *tree.sequence.judge_chance;
  Residual& residual = residuals_[draft.tree().depth(node)];
  residual.begin(draft, node, tree.target[node], tree.sequence.sampling);
  for (int child = draft.first_candidate(node); child != TokenTree::kNone;
       child = draft.next_candidate(child)) {
    const Draw draw = draft.drawn(child);
    if (accepts(tree, child, std::min(1.0, alpha * residual.odds(child, draw)), verdict)) return true;
    alpha = remaining(alpha, residual.reject(child, draw, alpha));
  }
  if (!chance.bernoulli(alpha)) return false;
  verdict.path = draft.tree().path(node);
  verdict.next = static_cast<Token>(chance.categorical(residual.p()));
  return true;
}

// Where nothing is left and alpha is 1, p equals q, and no child can have been rejected but by rounding.
double Traversal::remaining(double alpha, double left) const {
  return left > 0 ? left / (left + (1 - alpha)) : (alpha < 1 ? 0 : 1);
}

}  // namespace speclab
