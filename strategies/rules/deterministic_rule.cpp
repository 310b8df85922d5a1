#include "strategies/rules/deterministic_rule.h"

#include "core/numerics/host_row_stats.h"
#include "core/tree_walk.h"

namespace speclab {

DeterministicRule::DeterministicRule() : facts_(std::make_unique<HostRowStats>()) {}

void DeterministicRule::judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
                              std::span<Verdict> verdicts) {
  asked_.clear();
  for (const Sequence* sequence : batch) asked_.push_back(asks(*sequence));
  facts_->look(batch, drafts, target, asked_);
  for (std::size_t i = 0; i < batch.size(); ++i) judge_tree(*batch[i], drafts[i], {*facts_, i}, verdicts[i]);
}

void DeterministicRule::follow_likeliest(const Draft& draft, const TreeStats& target, Verdict& verdict) {
  walk(verdict, [&](int node) { return follow(draft, node, target.likeliest(node)); });
}

int DeterministicRule::likeliest_candidate(const Draft& draft, int node, const TreeStats& target) {
  const auto rank = [&](int child) {
    const Token token = draft.tree().token(child);
    return std::pair(target.logit(node, token), -token);
  };
  int best = draft.first_candidate(node);
  for (int child = best; child != TokenTree::kNone; child = draft.next_candidate(child)) {
    if (rank(child) > rank(best)) best = child;
  }
  return best;
}

}  // namespace speclab
