#pragma once

#include <algorithm>
#include <vector>

#include "core/softmax.h"
#include "strategies/rules/speculative_sampling.h"

// Rules broken on purpose. Every test of losslessness must refuse each of them.
namespace speclab::bugs {

// The target's distribution of what follows, and the proposal's probability of a candidate.
struct Odds {
  std::vector<double> p;
  double q(const Draft& draft, int node, Token x) const {
    return draft.draw == Draw::fixed ? 1.0 : draft.scores(node).f64()[static_cast<std::size_t>(x)];
  }
  Odds(std::span<const float> logits, const Sampling& sampling) : p(logits.size()) {
    softmax(logits, sampling, p);
  }
};

// A rejected token is replaced by a draw from p, not from the residual.
class NoResidual : public HostRule {
 public:
  bool lossless(const Sampling&) const override { return true; }

 protected:
  Choice choose(const Sequence& s, const Draft& draft, int node, std::span<const float> logits) override {
    const Odds odds(logits, s.sampling);
    for (int c = draft.first_candidate(node); c != TokenTree::kNone; c = draft.next_candidate(c)) {
      const Token x = draft.tree().token(c);
      if (s.judge_chance->bernoulli(odds.p[static_cast<std::size_t>(x)] / odds.q(draft, node, x)))
        return {.child = c};
    }
    return {.instead = static_cast<Token>(s.judge_chance->categorical(odds.p))};
  }
};

// The ratio is upside down: accepted with probability min(1, q / p).
class SwappedRatio : public HostRule {
 public:
  bool lossless(const Sampling&) const override { return true; }

 protected:
  Choice choose(const Sequence& s, const Draft& draft, int node, std::span<const float> logits) override {
    Odds odds(logits, s.sampling);
    for (int c = draft.first_candidate(node); c != TokenTree::kNone; c = draft.next_candidate(c)) {
      const Token x = draft.tree().token(c);
      const double px = odds.p[static_cast<std::size_t>(x)];
      if (px > 0 && s.judge_chance->bernoulli(odds.q(draft, node, x) / px)) return {.child = c};
      if (!take_out(odds.p, x)) return {.child = c};
    }
    return {.instead = static_cast<Token>(s.judge_chance->categorical(odds.p))};
  }
};

// After a sibling drawn without replacement was rejected, q is not reduced for the next.
class QNotReduced : public HostRule {
 public:
  bool lossless(const Sampling&) const override { return true; }

 protected:
  Choice choose(const Sequence& s, const Draft& draft, int node, std::span<const float> logits) override {
    Odds odds(logits, s.sampling);
    for (int c = draft.first_candidate(node); c != TokenTree::kNone; c = draft.next_candidate(c)) {
      const Token x = draft.tree().token(c);
      if (s.judge_chance->bernoulli(odds.p[static_cast<std::size_t>(x)] / odds.q(draft, node, x)))
        return {.child = c};
      subtract(odds.p, draft.scores(node).f64());
    }
    return {.instead = static_cast<Token>(s.judge_chance->categorical(odds.p))};
  }
};

// Judges every node by the target's row at the root.
class RootRow : public SpeculativeSampling {
 protected:
  Choice choose(const Sequence& s, const Draft& draft, int node, std::span<const float> logits) override {
    if (node == 0) root_.assign(logits.begin(), logits.end());
    return SpeculativeSampling::choose(s, draft, node, root_);
  }

 private:
  std::vector<float> root_;
};

}  // namespace speclab::bugs
