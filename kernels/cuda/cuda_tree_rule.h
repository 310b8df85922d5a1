#pragma once

#include <functional>
#include <vector>

#include "kernels/cuda/cuda_rule.h"
#include "kernels/cuda/draft_nodes.h"
#include "kernels/cuda/packed_upload.h"
#include "kernels/cuda/probability_space.h"
#include "kernels/cuda/tree_verdict.h"

namespace speclab {

// Trees judged on the device, over the whole batch in two launches, at temperatures above 0.
class CudaTreeRule : public CudaRule {
 public:
  enum class Candidates {
    as_drawn,   // are judged against what they were drawn from
    as_certain  // as chosen without chance
  };
  using JudgeTrees = std::function<void(const TreeVerdicts&, Stream&)>;

  CudaTreeRule(std::unique_ptr<AcceptanceRule> twin, Candidates candidates, JudgeTrees judge_trees,
               CudaRuleOptions options);
  ~CudaTreeRule() override;
  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) override;

 private:
  // Of the upload.
  struct Sections {
    PackedUpload::At<RowSoftmax> softmax;  // by node
    PackedUpload::At<VerdictNode> nodes;
    PackedUpload::At<VerdictTree> trees;
  };
  // Where answers begin, in 32-bit words.
  struct Answers {
    std::size_t wrong = 0, verdicts = 0, paths = 0, end = 0;
  };
  // Trees that are judged with the same work space.
  struct Group {
    std::size_t begin = 0, end = 0;  // trees
    std::size_t rows = 0;            // of nodes, and of what is left of proposals
    bool nucleus = false;
  };

  void group();
  void fill(const Forward& target);
  double* fill_tree(std::size_t tree, double* space, const Forward& target);
  double* link(const DraftNodes::Tree& tree, int now, double* space);
  void launch();
  void take(std::size_t tree, Verdict& verdict) const;

  Candidates candidates_;
  JudgeTrees judge_trees_;
  CudaRuleOptions options_;
  int cols_ = 0;
  // Reused from call to call.
  DraftNodes nodes_;
  std::vector<Group> groups_;
  PackedUpload upload_;
  Sections at_;
  Answers answers_at_;
  ProbabilitySpace space_;
  DeviceBuffer<double> numbers_;
  DeviceBuffer<std::int32_t> answers_;
  PinnedBuffer<std::int32_t> fetched_;
};

}  // namespace speclab
