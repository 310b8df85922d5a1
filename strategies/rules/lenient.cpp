#include "strategies/rules/lenient.h"

#include <cmath>

#include "core/argmax.h"

namespace speclab {

void Lenient::judge_tree(const Sequence& sequence, const Draft& draft, const Scores& target,
                         Verdict& verdict) {
  if (sequence.sampling.temperature > 0) {
    return SequentialRule::judge_tree(sequence, draft, target, verdict);
  }
  walk(verdict, [&](int node) -> Choice {
    const std::span<const float> logits = target[node];
    const Token best = argmax(logits);
    const int child = likeliest_candidate(draft, node, logits);
    if (child == TokenTree::kNone) return {.instead = best};
    const Token x = draft.tree().token(child);
    const double log_ratio = static_cast<double>(logits[static_cast<std::size_t>(x)]) -
                             logits[static_cast<std::size_t>(best)];  // log p(x) - log p(best)
    if (x == best || log_ratio > std::log(lenience_)) return {.child = child};
    return {.instead = best};
  });
}

}  // namespace speclab
