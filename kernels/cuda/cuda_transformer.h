#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "core/language_model.h"
#include "kernels/cuda/cuda_pass.h"
#include "kernels/cuda/model_products.h"
#include "kernels/cuda/part_flags.h"
#include "kernels/cuda/uploaded_plan.h"

namespace speclab {

// What may be chosen beside the model.
struct CudaOptions {
  static constexpr int kMeasured = 0;
  // Null: one of its own. Models that take turns, and their clock, share one.
  std::shared_ptr<Stream> stream = nullptr;
  bool graphs = true;          // passes of up to 512 rows are captured when their sizes come a second time
  int cache_positions = 1024;  // of all sequences, at first; it grows
  // From how many rows on products go through cuBLAS; kMeasured: from where it is faster, which is timed when
  // the model is made. It alone changes results: see ModelProducts.
  int cublas_from = ModelProducts::kNever;
};

// A transformer of the Llama family on the thread's CUDA device. Rows lie on the device and are put into the
// stream: who reads them puts that into the stream too, or waits. Without cuBLAS a row's bits depend on its
// tokens alone, as on the processor: products add in one order for every number of rows.
class CudaTransformer : public LanguageModel {
 public:
  explicit CudaTransformer(CudaWeights weights, CudaOptions options = {});
  ~CudaTransformer() override;

  const LlamaConfig& config() const { return weights_.config; }
  const CudaWeights& weights() const { return weights_; }
  const std::shared_ptr<Stream>& stream() const { return stream_; }
  std::size_t graphs() const;  // captured so far
  int cublas_from() const { return cublas_from_; }

  int vocab() const override { return weights_.config.vocab; }
  int hidden() const override { return weights_.config.hidden; }
  void tap(std::span<const int> layers) override;
  void open(SequenceId sequence) override { sequences_.open(sequence, pool_); }
  void close(SequenceId sequence) override { sequences_.close(sequence); }
  int length(SequenceId sequence) const override { return sequences_.find(sequence).length; }

  // ConfigError where a text outgrows the model's positions. Where logits overflow, `finish` or the next call
  // says so. CudaError where the device's memory does not suffice for the cache or the rows; nothing has
  // changed then.
  const Forward& forward(std::span<const Slice> batch) override;
  Work keep(std::span<const Kept> batch) override;       // new_tokens: cache entries that moved
  Work rewind(std::span<const Rewound> batch) override;  // moves nothing

  // Waits for the last pass. ConfigError where it gave a logit that is NaN or infinite.
  void finish();

 private:
  struct Known {
    int seen = 0;
    Graph graph;
  };
  void reserve(std::span<const Slice> batch);
  void evaluate();
  void run(const PassPart& part);

  CudaWeights weights_;
  std::shared_ptr<Stream> stream_;
  bool capture_;
  int cublas_from_;
  std::shared_ptr<PagePool> pool_;
  std::unique_ptr<CudaPass> pass_;
  OpenSequences<CudaSequence> sequences_;
  // Reused from call to call.
  std::vector<CudaSequence*> in_batch_;
  std::vector<SequenceSlots*> slots_;
  PassPlan plan_;
  UploadedPlan uploaded_;
  PackedUpload moves_;
  PageTable moves_table_;
  std::vector<KeptSlots> kept_;
  std::vector<int> from_;
  DeviceBuffer<float> logits_;  // (rows, vocab)
  DeviceBuffer<float> hidden_;  // (rows, hidden)
  DeviceBuffer<float> tapped_;  // (rows, taps, hidden)
  std::map<PartSize, Known> graphs_;
  PartFlags flags_;  // of the last pass
  Forward forward_;
};

// `directory` in Hugging Face layout; see core/models/checkpoint.h.
std::unique_ptr<CudaTransformer> load_cuda_model(const std::filesystem::path& directory,
                                                 CudaPrecision precision = CudaPrecision::as_stored,
                                                 CudaOptions options = {});

// A model that has learnt nothing, for benchmarks; `dtype` bf16 or f16. See llama_config_of for a catalogued
// shape.
std::unique_ptr<CudaTransformer> random_cuda_model(const LlamaConfig& config, Dtype dtype,
                                                   CudaPrecision precision, std::uint64_t seed,
                                                   CudaOptions options = {});

}  // namespace speclab
