#pragma once

#include "core/acceptance_rule.h"

namespace speclab {

// A rule that walks one sequence's tree at a time over rows in host memory. What it is to write is one
// function: which candidate of this node, or which token instead.
class HostRule : public AcceptanceRule {
 public:
  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) final;

 protected:
  struct Choice {
    int child = TokenTree::kNone;
    Token instead = 0;  // where no child was accepted
  };
  virtual Choice choose(const Sequence& sequence, const Draft& draft, int node,
                        std::span<const float> logits) = 0;

  // The candidate that is `token`, or the token instead.
  static Choice follow(const Draft& draft, int node, Token token);
};

}  // namespace speclab
