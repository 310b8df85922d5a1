#include "strategies/rules/typical.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace speclab {

void Typical::judge_tree(const Sequence& sequence, const Draft& draft, const TreeStats& target,
                         Verdict& verdict) {
  if (sequence.sampling.temperature == 0) return follow_likeliest(draft, target, verdict);
  constexpr double kRejected = -std::numeric_limits<double>::infinity();
  const TokenTree& tree = draft.tree();
  log_likelihood_.assign(static_cast<std::size_t>(tree.size()), kRejected);
  log_likelihood_[0] = 0;
  int best = 0;
  for (int node = 0; node < tree.size(); ++node) {
    const double here = log_likelihood_[node];
    if (here == kRejected || draft.first_candidate(node) == TokenTree::kNone) continue;
    const double min = std::min(epsilon_, delta_ * target.exp_neg_entropy(node));
    for (int child = draft.first_candidate(node); child != TokenTree::kNone;
         child = draft.next_candidate(child)) {
      const double p = target.probability(node, tree.token(child));
      if (p <= min) continue;
      double& there = log_likelihood_[child];
      there = here + std::log(p);
      const double longest = log_likelihood_[best];
      if (std::pair(tree.depth(child), there) > std::pair(tree.depth(best), longest)) best = child;
    }
  }
  verdict.path = tree.path(best);
  verdict.next = target.likeliest(best);
}

}  // namespace speclab
