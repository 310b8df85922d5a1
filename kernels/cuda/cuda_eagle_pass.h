#pragma once

#include <memory>

#include "kernels/cuda/cuda_transformer.h"
#include "kernels/cuda/device_linear.h"
#include "kernels/llama/eagle_weights.h"

namespace speclab {

// What an EAGLE head has learnt, on the device; see EagleWeights.
struct CudaEagleWeights {
  CudaEagleWeights(const EagleWeights& weights, const CudaTransformer& target);

  LlamaConfig config;
  bool third;
  DeviceLinear fuse, output;
  CudaWeights::Layer layer;
  const float *state_norm = nullptr, *final_norm = nullptr;
  const std::int32_t* target_token = nullptr;  // (output.outputs); null: the same
  Dtype table_dtype;
  const void* table;  // (vocab, padded8(hidden))
  int vocab;

 private:
  DevicePieces pieces_;
  DeviceBuffer<std::int32_t> tokens_;
};

// Where a part's rows come from and go to: arrays in device memory, of the part's padded number of rows.
struct EagleRows {
  const float* const* features = nullptr;  // that are fused; null where a row is none of fc's
  const float* const* states = nullptr;    // EAGLE-3: from which the layer starts
  float* const* made = nullptr;            // where the layer's result is kept; null: nowhere
  float* const* asked = nullptr;           // and again, for the reader of its logits
  bool any_fused = false;
};

// The launches of an EAGLE head, and the memory that they work in.
class CudaEaglePass {
 public:
  static constexpr int kMaxRows = 64;  // of a part; longer lists are cut by the caller

  virtual ~CudaEaglePass() = default;
  virtual void fit(int partials, int positions) = 0;  // as CudaLayers; so is `moves`
  virtual int moves() const = 0;
  virtual const float* fused() const = 0;  // EAGLE-3: what fc made of row n, at n * hidden
  virtual void run(const PassPart& part, const EagleRows& rows) = 0;
  // From states to logits on the target's vocabulary: up to kMostRows rows.
  virtual void give(const float* states, int rows, float* logits, std::int32_t* not_finite) = 0;
};

std::unique_ptr<CudaEaglePass> make_cuda_eagle_pass(const CudaEagleWeights& weights, const PagePool& pool,
                                                    Stream& stream);

}  // namespace speclab
