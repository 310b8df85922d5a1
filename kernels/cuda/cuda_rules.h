#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/acceptance_rule.h"
#include "kernels/cuda/packed_upload.h"
#include "kernels/cuda/row_draw.h"
#include "kernels/cuda/row_probabilities.h"
#include "kernels/cuda/tree_verdict.h"

namespace speclab {

struct CudaRuleOptions {
  std::shared_ptr<Stream> stream;  // in which the rows are made
  // So many numbers are worked on at a time, or those of one tree: 1 GiB.
  std::size_t most_numbers = std::size_t{1} << 27;
};

// A rule on rows in device memory, over the whole batch in two launches; tokens and paths come back, in one
// copy. Verdicts, and the decisions taken of the judge's source (which must be a CounterChance), are those of
// the host's rule of the same name, to the last bit.
class CudaRule : public AcceptanceRule {
 public:
  ~CudaRule() override;
  bool lossless(const Sampling&) const override { return true; }
  // ConfigError where a row that the verdict depends on has a NaN, or nothing above minus infinity.
  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) override;

 protected:
  enum class Way {
    likeliest,   // its token is followed, as every rule does at temperature 0
    match,       // a token drawn from the target is followed
    as_drawn,    // candidates are judged against what they were drawn from
    as_certain,  // candidates are judged as chosen without chance
  };
  CudaRule(Way way, CudaRuleOptions options);

 private:
  // One sequence's part. Its nodes that may be judged are numbered anew, in the same order, all trees' in one
  // row: its root is `begin`.
  struct Tree {
    const Sequence* sequence;
    const Draft* draft;
    Verdict* verdict;
    int row;  // of the target's: the root's
    int begin = 0, size = 0;
  };
  // Of the upload.
  struct Sections {
    PackedUpload::At<const float*> logits;  // by node below likely_
    PackedUpload::At<RowSoftmax> softmax;   // by node, less likely_; as the others
    PackedUpload::At<RowDraw> draws;
    PackedUpload::At<VerdictNode> nodes;
    PackedUpload::At<VerdictTree> trees;
  };
  // Where answers begin, in 32-bit words.
  struct Answers {
    std::size_t tokens = 0, wrong = 0, drawn = 0, verdicts = 0, paths = 0, end = 0;
  };
  // Trees that are judged with the same work space.
  struct Group {
    std::size_t begin = 0, end = 0;  // in trees_
    std::size_t rows = 0;            // nodes, and what is left of proposals
    bool nucleus = false;
  };

  void number(Batch batch, std::span<const Draft> drafts, const Forward& target, std::span<Verdict> verdicts);
  void group();
  void fill(const Forward& target);
  double* fill_tree(const Tree& tree, double* space);
  double* link(const Tree& tree, VerdictNode* nodes, double* space);
  void launch(const Forward& target);
  void read() const;
  void follow(const Tree& tree) const;
  void take(const Tree& tree, const TreeVerdict& verdict) const;

  bool sampled(const Sequence& sequence) const {
    return way_ != Way::likeliest && sequence.sampling.temperature > 0;
  }
  bool judges_candidates() const { return way_ == Way::as_drawn || way_ == Way::as_certain; }
  int node_of(const Tree& tree, int now) const { return nodes_[static_cast<std::size_t>(tree.begin + now)]; }
  int rests_of(const Tree& tree) const;

  Way way_;
  std::shared_ptr<Stream> stream_;
  std::size_t most_numbers_;
  int cols_ = 0;
  // Reused from call to call.
  std::vector<Tree> trees_;  // first those whose likeliest tokens are followed, `likely_` nodes
  std::size_t likely_trees_ = 0;
  int likely_ = 0;
  std::vector<int> nodes_;  // new number -> of the draft
  std::vector<int> now_;    // of one tree: the other way round
  std::vector<Group> groups_;
  PackedUpload upload_;
  Sections at_;
  Answers answers_at_;
  DeviceBuffer<double> space_;
  DeviceBuffer<Candidate> candidates_;
  DeviceBuffer<std::int32_t> answers_;
  PinnedBuffer<std::int32_t> fetched_;
};

// The twins of strategies/rules: greedy, speculative_sampling, target_only, sample_and_match.
class CudaGreedy : public CudaRule {
 public:
  explicit CudaGreedy(CudaRuleOptions options) : CudaRule(Way::likeliest, std::move(options)) {}
  bool lossless(const Sampling& sampling) const override { return sampling.temperature == 0; }
};
class CudaSpeculativeSampling : public CudaRule {
 public:
  explicit CudaSpeculativeSampling(CudaRuleOptions options) : CudaRule(Way::as_drawn, std::move(options)) {}
};
class CudaTargetOnly : public CudaRule {
 public:
  explicit CudaTargetOnly(CudaRuleOptions options) : CudaRule(Way::as_certain, std::move(options)) {}
};
class CudaSampleAndMatch : public CudaRule {
 public:
  explicit CudaSampleAndMatch(CudaRuleOptions options) : CudaRule(Way::match, std::move(options)) {}
};

}  // namespace speclab
