#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "core/feature_model.h"
#include "kernels/cpu/cpu_transformer.h"
#include "kernels/cpu/layer_pass.h"
#include "kernels/cpu/panel.h"
#include "kernels/llama/eagle_weights.h"
#include "kernels/llama/feature_plan.h"

namespace speclab {

// EAGLE's heads on the processor. A row's bits depend on its text, the features told of it and the path to
// its node alone: see Arithmetic. All that was told stays, so that `rewind` can go back.
class CpuEagle : public FeatureModel {
 public:
  explicit CpuEagle(EagleWeights weights, CpuOptions options = {});

  const LlamaConfig& config() const { return weights_.config; }
  int vocab() const override { return weights_.vocab; }
  int guessable() const override {
    return weights_.target_token.empty() ? weights_.vocab : static_cast<int>(weights_.target_token.size());
  }
  std::span<const int> taps() const override { return weights_.taps; }
  void open(SequenceId sequence) override { states_.open(sequence, weights_.config); }
  void close(SequenceId sequence) override { states_.close(sequence); }
  int length(SequenceId sequence) const override { return find(sequence).length; }
  void set_features(SequenceId sequence, Row feature) override;
  const Forward& forward(std::span<const SequenceInput> batch) override;
  Work commit(std::span<const Commit> batch) override;
  Work truncate(std::span<const Truncation> batch) override;

 private:
  struct State : FeatureSequence {
    explicit State(const LlamaConfig& config) : cached(std::make_shared<KvCache>(config)) {}
    CachedSequence cached;
    std::vector<float> features;  // (told, feature width)
    std::vector<float> made;      // (node, hidden): what the layer made of the root and of evaluated nodes
  };

  State& find(SequenceId sequence) const { return states_.find(sequence); }
  std::size_t feature_width() const {
    return static_cast<std::size_t>(weights_.fuse.inputs) - embedded_part();
  }
  std::size_t embedded_part() const {
    return weights_.third ? 0 : static_cast<std::size_t>(weights_.config.hidden);
  }
  void plan(std::span<const SequenceInput> batch);
  void evaluate(std::span<const int> rows);
  void fuse(std::span<const int> rows);
  void give(int asked);

  EagleWeights weights_;
  std::shared_ptr<ThreadTeam> team_;
  const Arithmetic& arithmetic_;
  LayerPass pass_;
  OpenSequences<State> states_;
  // Reused from call to call.
  std::vector<State*> in_batch_;
  std::vector<FeatureSequence*> told_;
  std::vector<SequenceSlots*> cached_;
  std::vector<KvCache*> caches_;
  FeaturePlan plan_;
  std::vector<PassRow> part_;
  Panel fused_, input_, out_panel_;
  AlignedBuffer<float> fresh_;  // (rows, hidden)
  std::vector<float> embedded_, normed_;
  AlignedBuffer<float> asked_;   // (asked, hidden)
  AlignedBuffer<float> scores_;  // (rows, draft vocab)
  AlignedBuffer<float> logits_;  // (asked, vocab)
  std::atomic<bool> finite_{true};
  Forward forward_;
};

}  // namespace speclab
