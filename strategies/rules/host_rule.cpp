#include "strategies/rules/host_rule.h"

#include <utility>

#include "core/argmax.h"
#include "core/check.h"

namespace speclab {

void HostRule::judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
                     std::span<Verdict> verdicts) {
  SPECLAB_CHECK(target.logits.place == Place::host, "a host rule was given rows on a device");
  for (std::size_t i = 0; i < batch.size(); ++i) {
    judge_tree(*batch[i], drafts[i], {&target.logits, target.first[i]}, verdicts[i]);
  }
}

HostRule::Choice HostRule::follow(const Draft& draft, int node, Token token) {
  for (int child = draft.first_candidate(node); child != TokenTree::kNone;
       child = draft.next_candidate(child)) {
    if (draft.tree().token(child) == token) return {.child = child};
  }
  return {.instead = token};
}

void HostRule::follow_likeliest(const Draft& draft, const Scores& target, Verdict& verdict) {
  walk(verdict, [&](int node) { return follow(draft, node, argmax(target[node])); });
}

int HostRule::likeliest_candidate(const Draft& draft, int node, std::span<const float> logits) {
  const auto rank = [&](int child) {
    const Token token = draft.tree().token(child);
    return std::pair(logits[static_cast<std::size_t>(token)], -token);
  };
  int best = draft.first_candidate(node);
  for (int child = best; child != TokenTree::kNone; child = draft.next_candidate(child)) {
    if (rank(child) > rank(best)) best = child;
  }
  return best;
}

}  // namespace speclab
