#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "core/language_model.h"
#include "kernels/cuda/cuda_pass.h"
#include "kernels/cuda/model_products.h"
#include "kernels/cuda/part_flags.h"
#include "kernels/cuda/pass_graphs.h"
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
  bool captures() const { return capture_; }
  std::size_t graphs() const { return graphs_.captured(); }
  int cublas_from() const { return cublas_from_; }

  int vocab() const override { return weights_.config.vocab; }
  int hidden() const override { return weights_.config.hidden; }
  void tap(std::span<const int> layers) override;
  void open(SequenceId sequence) override { open(sequence, std::make_shared<CachePages>(pool_)); }
  void close(SequenceId sequence) override { sequences_.close(sequence); }
  int length(SequenceId sequence) const override { return find(sequence).length; }
  const std::shared_ptr<CachePages>& cache(SequenceId sequence) const { return find(sequence).cache; }

  // ConfigError where a text outgrows the model's positions. Where logits overflow, `finish` or the next call
  // says so. CudaError where the device's or pinned memory does not suffice; nothing has changed then. The
  // same of `keep`.
  const Forward& forward(std::span<const SequenceInput> batch) override;
  Work commit(std::span<const Commit> batch) override;        // new_tokens: cache entries that moved
  Work truncate(std::span<const Truncation> batch) override;  // moves nothing

  // Waits for the last pass. ConfigError where it gave a logit that is NaN or infinite.
  void finish();

 protected:
  // With the stream and the pages of another, whose weights have as many layers at least.
  CudaTransformer(CudaWeights weights, const CudaTransformer& whole);
  CudaSequence& find(SequenceId sequence) const { return sequences_.find(sequence); }
  void open(SequenceId sequence, std::shared_ptr<CachePages> cache) {
    sequences_.open(sequence, std::move(cache));
  }

 private:
  CudaTransformer(CudaWeights weights, CudaOptions options, std::shared_ptr<PagePool> pool);
  void reserve(std::span<const SequenceInput> batch);
  void evaluate();
  int moves() const;
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
  PackedUpload commits_;
  PageTable kept_table_;
  DeviceBuffer<float> logits_;  // (rows, vocab)
  DeviceBuffer<float> hidden_;  // (rows, hidden)
  DeviceBuffer<float> tapped_;  // (rows, taps, hidden)
  PassGraphs<PartSize> graphs_;
  PartFlags flags_;  // of the last pass
  Forward forward_;
};

// `directory` in Hugging Face layout; see core/models/checkpoint/checkpoint.h, also for `vocab`.
std::unique_ptr<CudaTransformer> load_cuda_model(const std::filesystem::path& directory,
                                                 CudaPrecision precision = CudaPrecision::as_stored,
                                                 CudaOptions options = {}, int vocab = 0);

// A model that has learnt nothing, for benchmarks; `dtype` bf16 or f16. See llama_config_of for a catalogued
// shape.
std::unique_ptr<CudaTransformer> random_cuda_model(const LlamaConfig& config, Dtype dtype,
                                                   CudaPrecision precision, std::uint64_t seed,
                                                   CudaOptions options = {});

}  // namespace speclab
