#include "strategies/rules/relaxed.h"

#include "core/softmax.h"

namespace speclab {

void Relaxed::judge_tree(const Sequence&, const Draft& draft, const Scores& target, Verdict& verdict) {
  walk(verdict, [&](int node) -> Choice {
    const std::span<const float> logits = target[node];
    const Token best = argmax(logits);
    const int child = likeliest_candidate(draft, node, logits);
    if (child == TokenTree::kNone) return {.instead = best};
    return may_stand(draft.tree().token(child), best, logits) ? Choice{.child = child}
                                                              : Choice{.instead = best};
  });
}

bool Relaxed::may_stand(Token x, Token best, std::span<const float> logits) {
  const float logit = logits[static_cast<std::size_t>(x)];
  int ahead = 0;
  for (std::size_t other = 0; other < logits.size(); ++other) {
    ahead += logits[other] > logit || (logits[other] == logit && static_cast<Token>(other) < x) ? 1 : 0;
  }
  if (ahead == 0) return true;
  if (ahead >= top_k_) return false;
  p_.resize(logits.size());
  softmax(logits, {.temperature = 1}, p_);
  return p_[static_cast<std::size_t>(x)] >= p_[static_cast<std::size_t>(best)] - delta_;
}

}  // namespace speclab
