#pragma once

#include <span>

#include "core/acceptance_rule.h"

namespace speclab {

// A rule that judges one sequence's tree at a time, over rows in host memory.
class HostRule : public AcceptanceRule {
 public:
  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) final;

 protected:
  // The target's rows of one tree.
  struct Scores {
    const Rows* rows;
    int first;
    std::span<const float> operator[](int node) const { return (*rows)[first + node].f32(); }
  };

  virtual void judge_tree(const Sequence& sequence, const Draft& draft, const Scores& target,
                          Verdict& verdict) = 0;

  // Follows the target's likeliest token at each node: greedy decoding.
  static void follow_likeliest(const Draft& draft, const Scores& target, Verdict& verdict);
};

}  // namespace speclab
