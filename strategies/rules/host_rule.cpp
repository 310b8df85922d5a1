#include "strategies/rules/host_rule.h"

#include "core/check.h"

namespace speclab {

void HostRule::judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
                     std::span<Verdict> verdicts) {
  SPECLAB_CHECK(target.logits.place == Place::host, "a host rule was given rows on a device");
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Draft& draft = drafts[i];
    Verdict& verdict = verdicts[i];
    for (int node = 0;;) {
      const Choice choice = choose(*batch[i], draft, node, target.logits[target.first[i] + node].f32());
      if (choice.child == TokenTree::kNone) {
        verdict.next = choice.instead;
        break;
      }
      verdict.path.push_back(node = choice.child);
    }
  }
}

HostRule::Choice HostRule::follow(const Draft& draft, int node, Token token) {
  for (int child = draft.first_candidate(node); child != TokenTree::kNone;
       child = draft.next_candidate(child)) {
    if (draft.tree().token(child) == token) return {.child = child};
  }
  return {.instead = token};
}

}  // namespace speclab
