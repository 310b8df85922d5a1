#pragma once

#include "strategies/rules/deterministic_rule.h"

namespace speclab {

// Relaxed acceptance (TensorRT-LLM's multi-token prediction for DeepSeek-R1, mtpRelaxedAcceptanceKernel): a
// guess may stand for the target's likeliest token if it is among the target's top_k tokens and its
// probability is at most delta less than that token's. The token after the path is the likeliest.
// Probabilities are those at temperature 1, whatever the temperature: like its original it decodes greedily.
// Where several siblings may stand, the likeliest does (the original judges chains). The original relaxes
// between thinking tokens only, this everywhere.
class Relaxed : public DeterministicRule {
 public:
  Relaxed(int top_k, double delta) : top_k_(top_k), delta_(delta) {}

  bool lossless(const Sampling& sampling) const override { return sampling.temperature == 0 && top_k_ == 1; }

 protected:
  RowStats::Asked asks(const Sequence&) const override {
    return {.candidates = true, .ranks = true, .probabilities = Sampling{.temperature = 1}};
  }
  void judge_tree(const Sequence&, const Draft& draft, const TreeStats& target, Verdict& verdict) override;

 private:
  bool may_stand(Token x, Token best, int node, const TreeStats& target) const;

  int top_k_;
  double delta_;
};

}  // namespace speclab
