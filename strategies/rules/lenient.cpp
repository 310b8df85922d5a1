#include "strategies/rules/lenient.h"

#include <cmath>

#include "core/tree_walk.h"
#include "strategies/rules/by_temperature.h"

namespace speclab {

void LenientGreedy::judge_tree(const Sequence&, const Draft& draft, const TreeStats& target,
                               Verdict& verdict) {
  walk(verdict, [&](int node) -> Choice {
    const Token best = target.likeliest(node);
    const int child = likeliest_candidate(draft, node, target);
    if (child == TokenTree::kNone) return {.instead = best};
    const Token x = draft.tree().token(child);
    const double log_ratio =
        static_cast<double>(target.logit(node, x)) - target.logit(node, best);  // log p(x) - log p(best)
    if (x == best || log_ratio > std::log(lenience_)) return {.child = child};
    return {.instead = best};
  });
}

std::unique_ptr<AcceptanceRule> lenient(double lenience) {
  return std::make_unique<ByTemperature>(std::make_unique<LenientGreedy>(lenience),
                                         std::make_unique<LenientSampling>(lenience));
}

}  // namespace speclab
