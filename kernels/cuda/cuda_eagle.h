#pragma once

#include <memory>
#include <vector>

#include "core/feature_model.h"
#include "kernels/cuda/cuda_eagle_pass.h"
#include "kernels/cuda/packed_upload.h"
#include "kernels/cuda/part_flags.h"
#include "kernels/cuda/pass_graphs.h"
#include "kernels/cuda/remembered_rows.h"
#include "kernels/cuda/uploaded_plan.h"
#include "kernels/llama/feature_plan.h"

namespace speclab {

// EAGLE's heads on the device of their target, in its stream. They borrow its embeddings, and its head where
// they have none of their own. A row's bits depend on its text, the features told of it and the path to its
// node alone. All that was told stays, so that `rewind` can go back. Passes are captured where the target's
// are.
class CudaEagle : public FeatureModel {
 public:
  // `weights` were loaded for a HeadTarget without matrices; `target` outlives this.
  CudaEagle(const EagleWeights& weights, const CudaTransformer& target, int cache_positions = 1024);
  ~CudaEagle() override;

  const LlamaConfig& config() const { return weights_.config; }
  int vocab() const override { return weights_.vocab; }
  int guessable() const override { return guessable_; }
  const std::shared_ptr<Stream>& stream() const { return stream_; }
  std::size_t graphs() const { return layer_graphs_.captured() + head_graphs_.captured(); }
  std::span<const int> taps() const override { return taps_; }
  void open(SequenceId sequence) override;
  void close(SequenceId sequence) override { states_.close(sequence); }
  int length(SequenceId sequence) const override { return states_.find(sequence).length; }
  void set_features(SequenceId sequence, Row feature) override {
    const FeatureRow one{sequence, feature};
    tell_all({&one, 1});
  }
  // Rows of the host are copied when this returns, those of the device in the stream, by one launch.
  // CudaError where memory does not suffice; nothing was told then.
  void tell_all(std::span<const FeatureRow> features) override;
  // Where logits overflow, `finish` or the next call says so. CudaError where memory does not suffice;
  // nothing has changed then.
  const Forward& forward(std::span<const SequenceInput> batch) override;
  Work commit(std::span<const Commit> batch) override;
  Work truncate(std::span<const Truncation> batch) override;

  // Waits for the last pass. ConfigError where it gave a logit that is NaN or infinite.
  void finish();

 private:
  struct State : FeatureSequence {
    State(CudaEagle& model, const std::shared_ptr<PagePool>& pool)
        : slots(std::make_shared<CachePages>(pool)), of(model) {}
    ~State();
    CudaSequence slots;
    CudaEagle& of;
    std::vector<float*> features;  // by place that was told
    std::vector<float*> made;      // by node: what the layer made of the root and of evaluated nodes
    float* other_root = nullptr;   // where it makes the next root's
  };

  // What launches of a layer's pass are made for.
  struct LayerSize {
    PartSize part;
    bool any_fused = false;
    auto operator<=>(const LayerSize&) const = default;
  };

  void tell_part(std::span<const FeatureRow> features, bool of_host);
  void prepare(std::span<const SequenceInput> batch);
  void swap_roots();
  void evaluate();
  void evaluate(std::span<const int> rows);
  EagleRows send(std::span<const int> rows, int padded);
  void give();
  int moves() const;

  CudaEagleWeights weights_;
  std::vector<int> taps_;
  int guessable_;
  int feature_width_;
  std::shared_ptr<Stream> stream_;
  RememberedRows features_, made_;
  std::shared_ptr<PagePool> pool_;
  std::unique_ptr<CudaEaglePass> pass_;
  OpenSequences<State> states_;
  // Reused from call to call.
  std::vector<State*> in_batch_;
  std::vector<FeatureSequence*> told_;
  std::vector<SequenceSlots*> slots_;
  std::vector<CudaSequence*> cached_;
  FeaturePlan plan_;
  PassPlan part_;
  UploadedPlan uploaded_;
  PackedUpload told_upload_, places_;
  DeviceBuffer<float> asked_;           // (asked, hidden)
  DeviceBuffer<float> logits_;          // (asked, vocab)
  DeviceBuffer<std::int32_t> unsound_;  // by 64 asked rows: the first that is not finite
  PartFlags flags_;                     // the same of the last pass
  PassGraphs<LayerSize> layer_graphs_;
  PassGraphs<int> head_graphs_;  // by rows
  Forward forward_;
};

// See load_eagle, and HeadTarget for `tokens`.
std::unique_ptr<CudaEagle> load_cuda_eagle(const std::filesystem::path& directory,
                                           const CudaTransformer& target, int tokens = 0);

}  // namespace speclab
