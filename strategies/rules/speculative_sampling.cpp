#include "strategies/rules/speculative_sampling.h"

#include "core/check.h"
#include "core/softmax.h"

namespace speclab {

HostRule::Choice SpeculativeSampling::choose(const Sequence& sequence, const Draft& draft, int node,
                                             std::span<const float> logits) {
  if (sequence.sampling.temperature == 0) return follow(draft, node, argmax(logits));
  Chance& chance = *sequence.judge_chance;
  p_.resize(logits.size());
  softmax(logits, sequence.sampling, p_);
  q_.resize(static_cast<std::size_t>(draft.proposers()));
  for (auto& q : q_) q.clear();

  for (int child = draft.first_candidate(node); child != TokenTree::kNone;
       child = draft.next_candidate(child)) {
    const Token x = draft.tree().token(child);
    const double px = p_[static_cast<std::size_t>(x)];
    if (draft.drawn(child) == Draw::fixed) {
      const bool accepted = chance.bernoulli(px) || !take_out(p_, x);  // or nothing else was possible
      if (accepted) return {.child = child};
      continue;
    }
    std::vector<double>& q = proposal(draft, node, draft.proposer(child));
    const double qx = q[static_cast<std::size_t>(x)];
    SPECLAB_CHECK(qx > 0, "node {} was drawn with probability {}", child, qx);
    if (chance.bernoulli(px / qx)) return {.child = child};
    subtract(p_, q);
    if (draft.drawn(child) == Draw::without_replacement) take_out(q, x);
  }
  return {.instead = static_cast<Token>(chance.categorical(p_))};
}

std::vector<double>& SpeculativeSampling::proposal(const Draft& draft, int node, int proposer) {
  std::vector<double>& q = q_[static_cast<std::size_t>(proposer)];
  if (q.empty()) {
    const Row scores = draft.scores(node, proposer);
    SPECLAB_CHECK(scores, "the children of node {} were drawn from scores that are not there", node);
    q.assign(scores.f64().begin(), scores.f64().end());
  }
  return q;
}

}  // namespace speclab
