#include "strategies/rules/relaxed.h"

#include "core/tree_walk.h"

namespace speclab {

void Relaxed::judge_tree(const Sequence&, const Draft& draft, const TreeStats& target, Verdict& verdict) {
  walk(verdict, [&](int node) -> Choice {
    const Token best = target.likeliest(node);
    const int child = likeliest_candidate(draft, node, target);
    if (child == TokenTree::kNone) return {.instead = best};
    return may_stand(draft.tree().token(child), best, node, target) ? Choice{.child = child}
                                                                    : Choice{.instead = best};
  });
}

bool Relaxed::may_stand(Token x, Token best, int node, const TreeStats& target) const {
  if (x == best) return true;
  if (target.ahead(node, x) >= top_k_) return false;
  return target.probability(node, x) >= target.probability(node, best) - delta_;
}

}  // namespace speclab
