#pragma once

#include <vector>

#include "strategies/rules/host_rule.h"
#include "strategies/rules/residual.h"

namespace speclab {

// Traversal verification (Weng et al. 2025, arXiv 2505.12398, algorithm 1): a tree is judged from its leaves
// to its root. A path's acceptance is a running product, alpha(x) = min(1, alpha(parent) p(x) / q(x)), so
// that what one guess has too much makes up for what the next has too little; a leaf that is rejected leaves
// its parent the residual p = norm(max(alpha p - q, 0)) and, with A the sum before norm, alpha = A / (A + 1 -
// alpha), for the next sibling, and for the parent itself when it has none left.
//
// The accepted node and what comes after it are, given what was accepted before, distributed as the target's:
// a subtree is accepted with probability alpha(its root) whatever its shape, so trees may grow as they like.
// Siblings may be drawn in any way; each is judged as its proposer drew it.
class Traversal : public HostRule {
 public:
  bool lossless(const Sampling&) const override { return true; }
  DeviceForm device_form() const override {
    return {.kernel = DeviceForm::Kernel::from_the_leaves, .of = &typeid(Traversal)};
  }

 protected:
  void judge_tree(const Sequence& sequence, const Draft& draft, const Scores& target,
                  Verdict& verdict) override;
  // alpha of a node after one more child was rejected, where `left` is A.
  virtual double remaining(double alpha, double left) const;

 private:
  struct Tree {
    const Sequence& sequence;
    const Draft& draft;
    const Scores& target;
  };
  // Whether the path ends at `node` or below; then the verdict is filled.
  bool accepts(const Tree& tree, int node, double alpha, Verdict& verdict);

  std::vector<Residual> residuals_;  // by depth
};

}  // namespace speclab
