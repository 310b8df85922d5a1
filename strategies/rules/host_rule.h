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
  // What is made of one node: the candidate that stays, or the token instead.
  struct Choice {
    int child = TokenTree::kNone;
    Token instead = 0;  // where no child was accepted
  };

  virtual void judge_tree(const Sequence& sequence, const Draft& draft, const Scores& target,
                          Verdict& verdict) = 0;

  // From the root on, as far as choose(node) names a child.
  template <class Choose>
  static void walk(Verdict& verdict, Choose choose) {
    for (int node = 0;;) {
      const Choice choice = choose(node);
      if (choice.child == TokenTree::kNone) {
        verdict.next = choice.instead;
        return;
      }
      verdict.path.push_back(node = choice.child);
    }
  }

  // The candidate that is `token`, or the token instead.
  static Choice follow(const Draft& draft, int node, Token token);

  // Follows the target's likeliest token at each node: greedy decoding.
  static void follow_likeliest(const Draft& draft, const Scores& target, Verdict& verdict);

  // The candidate that is likeliest under the target, of equal ones the lowest token; or kNone.
  static int likeliest_candidate(const Draft& draft, int node, std::span<const float> logits);
};

}  // namespace speclab
