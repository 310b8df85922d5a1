#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/acceptance_rule.h"
#include "core/numerics/row_stats.h"

namespace speclab {

// A rule that draws nothing and judges by a few numbers of each row, so that it is the same wherever rows
// lie.
class DeterministicRule : public AcceptanceRule {
 public:
  DeterministicRule();  // of rows in host memory
  void ask(std::unique_ptr<RowStats> facts) { facts_ = std::move(facts); }
  std::string judges_on() const override { return facts_->place(); }
  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) final;

 protected:
  // Of one tree; see RowFacts.
  struct TreeStats {
    RowStats& of;
    std::size_t sequence;
    Token likeliest(int node) const { return of.likeliest({sequence, node}); }
    float logit(int node, Token token) const { return of.logit({sequence, node}, token); }
    int ahead(int node, Token token) const { return of.ahead({sequence, node}, token); }
    double probability(int node, Token token) const { return of.probability({sequence, node}, token); }
    double exp_neg_entropy(int node) const { return of.exp_neg_entropy({sequence, node}); }
  };

  virtual RowStats::Asked asks(const Sequence& sequence) const = 0;
  virtual void judge_tree(const Sequence& sequence, const Draft& draft, const TreeStats& target,
                          Verdict& verdict) = 0;

  // Follows the target's likeliest token at each node: greedy decoding.
  static void follow_likeliest(const Draft& draft, const TreeStats& target, Verdict& verdict);
  // The candidate that is likeliest under the target, of equal ones the lowest token; or kNone.
  static int likeliest_candidate(const Draft& draft, int node, const TreeStats& target);

 private:
  std::unique_ptr<RowStats> facts_;
  std::vector<RowStats::Asked> asked_;
};

}  // namespace speclab
