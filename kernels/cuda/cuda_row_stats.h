#pragma once

#include <vector>

#include "core/numerics/row_stats.h"
#include "kernels/cuda/cuda_rule.h"
#include "kernels/cuda/draft_nodes.h"
#include "kernels/cuda/packed_upload.h"
#include "kernels/cuda/probability_space.h"
#include "kernels/cuda/row_stats.h"

namespace speclab {

// Facts of rows in device memory, all made when the batch is looked at; they come back in one copy. Answers
// have the bits of HostRowFacts. Asked about a row that has a NaN where there should be probabilities, or
// nothing above minus infinity, it throws ConfigError.
class CudaRowStats : public RowStats {
 public:
  explicit CudaRowStats(CudaRuleOptions options) : options_(checked(std::move(options))) {}
  ~CudaRowStats() override { options_.stream->drain(); }

  const char* place() const override { return "device"; }
  Token likeliest(At at) override { return fact(at).likeliest; }

 private:
  void look(Batch batch, std::span<const Draft> drafts, const Forward& target) override;
  float logit_of(At at, Token token) override { return of(at, token).logit; }
  int rank_of(At at, Token token) override { return of(at, token).ahead; }
  double probability_of(At at, Token token) override { return of(at, token).probability; }
  double exp_neg_entropy_at(At at) override { return fact(at).exp_neg_entropy; }

  // Rows whose probabilities are there at the same time.
  struct Run {
    int begin = 0, end = 0;  // nodes
    int first_softmax = 0, softmax_end = 0;
  };
  // Of the upload.
  struct Sections {
    PackedUpload::At<FactRow> rows;  // by node
    PackedUpload::At<RowSoftmax> softmax;
    PackedUpload::At<std::int32_t> tokens;
  };

  void count();
  void fill(const Forward& target);
  void launch();

  const RowFact& fact(At at) const;
  TokenFact of(At at, Token token) const;

  CudaRuleOptions options_;
  int cols_ = 0;
  // Reused from call to call.
  DraftNodes nodes_;
  std::size_t softmaxes_ = 0, tokens_ = 0, rows_at_once_ = 0;
  std::vector<Run> runs_;
  std::vector<int> first_token_;  // by node
  PackedUpload upload_;
  Sections at_;
  ProbabilitySpace space_;
  DeviceBuffer<int> wrong_;
  DeviceBuffer<std::byte> answers_;  // a RowFact by node, then a TokenFact by token
  PinnedBuffer<std::byte> fetched_;
};

}  // namespace speclab
