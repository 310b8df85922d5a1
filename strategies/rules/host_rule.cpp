#include "strategies/rules/host_rule.h"

#include "core/check.h"
#include "core/numerics/argmax.h"
#include "core/tree_walk.h"

namespace speclab {

void HostRule::judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
                     std::span<Verdict> verdicts) {
  SPECLAB_CHECK(target.logits.place == Place::host, "a host rule was given rows on a device");
  for (std::size_t i = 0; i < batch.size(); ++i) {
    judge_tree(*batch[i], drafts[i], {&target.logits, target.first[i]}, verdicts[i]);
  }
}

void HostRule::follow_likeliest(const Draft& draft, const Scores& target, Verdict& verdict) {
  walk(verdict, [&](int node) { return follow(draft, node, argmax(target[node])); });
}

}  // namespace speclab
