#pragma once

#include <vector>

#include "core/row_facts.h"

namespace speclab {

// Facts of rows in host memory, each made when it is asked for.
class HostRowFacts : public RowFacts {
 public:
  void look(Batch batch, std::span<const Draft> drafts, const Forward& target,
            std::span<const Asked> asked) override;
  Token likeliest(At at) override;
  float logit(At at, Token token) override;
  int ahead(At at, Token token) override;
  double probability(At at, Token token) override;
  double certainty(At at) override;

 private:
  int row_of(At at) const { return first_[at.sequence] + at.node; }
  std::span<const float> logits(At at) const { return rows_[row_of(at)].f32(); }
  std::span<const double> probabilities(At at);

  Rows rows_;
  std::vector<int> first_;
  std::vector<Asked> asked_;
  int made_ = -1;  // the row whose probabilities these are
  std::vector<double> p_;
};

}  // namespace speclab
