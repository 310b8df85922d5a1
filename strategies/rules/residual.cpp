#include "strategies/rules/residual.h"

#include <algorithm>

#include "core/check.h"
#include "core/numerics/softmax.h"

namespace speclab {

void Residual::begin(const Draft& draft, int node, std::span<const float> logits, const Sampling& sampling) {
  draft_ = &draft;
  node_ = node;
  p_.resize(logits.size());
  softmax(logits, sampling, p_);
  proposals_.resize(static_cast<std::size_t>(draft.proposers()));
  for (Proposal& proposal : proposals_) {
    proposal.q.clear();
    proposal.drawn.clear();
  }
}

std::span<double> Residual::q(int proposer) {
  std::vector<double>& q = proposals_[proposer].q;
  if (q.empty()) {
    const Row scores = draft_->scores(node_, proposer);
    SPECLAB_CHECK(scores, "the children of node {} were drawn from scores that are not there", node_);
    q.assign(scores.f64().begin(), scores.f64().end());
  }
  return q;
}

double Residual::odds(int child, Draw draw) {
  const auto x = static_cast<std::size_t>(draft_->tree().token(child));
  if (draw == Draw::fixed) return p_[x];
  const double qx = q(draft_->proposer(child))[x];
  SPECLAB_CHECK(qx > 0, "node {} was drawn with probability {}", child, qx);
  return p_[x] / qx;
}

double Residual::reject(int child, Draw draw, double share) {
  const Token x = draft_->tree().token(child);
  if (draw == Draw::fixed) {
    const double left = take_out(p_, x);
    if (left <= 0) p_[x] = 1;
    return share * left;
  }
  const int proposer = draft_->proposer(child);
  const double left = subtract(p_, q(proposer), share);
  if (draw == Draw::without_replacement) take_out_of(proposals_[proposer], x);
  return left;
}

void Residual::take_out_of(Proposal& proposal, Token token) {
  proposal.drawn.push_back(token);
  if (take_out(proposal.q, token) > 0) return;
  const auto others = static_cast<double>(proposal.q.size() - proposal.drawn.size());
  std::ranges::fill(proposal.q, others > 0 ? 1 / others : 0);
  for (const Token drawn : proposal.drawn) proposal.q[drawn] = 0;
}

bool Residual::accepts(int child, Draw draw, RandomSource& chance, double lenience) {
  return chance.bernoulli(odds(child, draw) / lenience) || reject(child, draw) <= 0;
}

}  // namespace speclab
