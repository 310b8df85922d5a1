#pragma once

#include "kernels/cuda/cuda_rule.h"
#include "kernels/cuda/draft_nodes.h"
#include "kernels/cuda/packed_upload.h"
#include "kernels/cuda/probability_space.h"
#include "kernels/cuda/row_draw.h"

namespace speclab {

// A token is drawn from the target at every node, and the host follows those that were guessed
// (strategies/rules/sample_and_match.h), at temperatures above 0.
class CudaSampleAndMatch : public CudaRule {
 public:
  CudaSampleAndMatch(std::unique_ptr<AcceptanceRule> twin, CudaRuleOptions options);
  ~CudaSampleAndMatch() override { options_.stream->drain(); }
  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) override;

 private:
  void draw(const Forward& target);
  void follow(const DraftNodes::Tree& tree, Verdict& verdict) const;

  CudaRuleOptions options_;
  // Reused from call to call.
  DraftNodes nodes_;
  PackedUpload upload_;
  ProbabilitySpace space_;
  DeviceBuffer<std::int32_t> answers_;  // tokens by node, faults of rows, how many were drawn
  PinnedBuffer<std::int32_t> fetched_;
};

}  // namespace speclab
