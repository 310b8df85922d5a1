#pragma once

#include <vector>

#include "core/numerics/row_stats.h"

namespace speclab {

// Facts of rows in host memory, each made when it is asked for.
class HostRowStats : public RowStats {
 public:
  Token likeliest(At at) override;

 private:
  void look(Batch batch, std::span<const Draft> drafts, const Forward& target) override;
  float logit_of(At at, Token token) override;
  int rank_of(At at, Token token) override;
  double probability_of(At at, Token token) override;
  double exp_neg_entropy_at(At at) override;

  int row_of(At at) const { return first_[at.sequence] + at.node; }
  std::span<const float> logits(At at) const { return rows_[row_of(at)].f32(); }
  std::span<const double> probabilities(At at);

  Rows rows_;
  std::vector<int> first_;
  int made_ = -1;  // the row whose probabilities these are
  std::vector<double> p_;
};

}  // namespace speclab
