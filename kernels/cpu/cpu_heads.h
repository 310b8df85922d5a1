#pragma once

#include <atomic>
#include <unordered_map>
#include <vector>

#include "core/draft_heads.h"
#include "kernels/cpu/cpu_transformer.h"
#include "kernels/cpu/panel.h"
#include "kernels/llama/head_weights.h"

namespace speclab {

// Medusa's and Hydra's heads on the processor. A row's bits depend on its question alone: see Arithmetic.
class CpuHeads : public DraftHeads {
 public:
  explicit CpuHeads(HeadWeights weights, CpuOptions options = {});

  const HeadWeights& weights() const { return weights_; }
  int count() const override { return static_cast<int>(weights_.heads.size()); }
  int usual() const override { return weights_.usual; }
  int vocab() const override { return weights_.vocab; }
  void open(SequenceId sequence) override;
  void close(SequenceId sequence) override;
  void set_hidden(SequenceId sequence, Row hidden) override;
  bool has_hidden(SequenceId sequence) const override { return !remembered(sequence).empty(); }
  // ConfigError where logits overflow.
  const Forward& forward(std::span<const Question> questions) override;

 private:
  const std::vector<float>& remembered(SequenceId sequence) const;
  // The questions of one head, at most as many as a panel has rows.
  void answer(std::span<const Question> questions, std::span<const int> asked, int head);

  HeadWeights weights_;
  std::shared_ptr<ThreadTeam> team_;
  const Arithmetic& arithmetic_;
  std::unordered_map<SequenceId, std::vector<float>> rows_;  // empty: nothing is remembered
  // Reused from call to call.
  std::vector<std::vector<int>> asked_;  // head -> its questions
  std::vector<float> embedded_, ones_;
  Panel first_, next_[2];          // before the first block; before the next ones and the output, in turn
  AlignedBuffer<float> x_, gate_;  // (rows, stride)
  AlignedBuffer<float> answers_;   // (rows of one head, vocab)
  AlignedBuffer<float> logits_;    // (questions, vocab)
  std::atomic<bool> finite_{true};
  Forward forward_;
};

}  // namespace speclab
