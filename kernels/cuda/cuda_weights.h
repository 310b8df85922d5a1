#pragma once

#include <cstdint>
#include <filesystem>

#include "core/models/checkpoint/dtype.h"
#include "kernels/cuda/runtime.h"
#include "kernels/llama/llama_parts.h"

namespace speclab {

// How matrices are stored on the device; int8: with one scale per output, made on loading. Embeddings,
// vectors and activations are not affected.
enum class CudaPrecision : std::uint8_t { as_stored, int8 };

// (outputs, inputs) with rows as FewRowsProduct wants them.
struct DeviceMatrix {
  const void* data = nullptr;
  const float* scales = nullptr;  // (outputs), only with int8
};

// A model's weights in one piece of device memory. Parts lie one after another in the order of take_parts, so
// query, key and value of a layer are one matrix that starts at `query`, their biases one vector, and gate
// and up one matrix that starts at `gate`, their biases one vector.
struct CudaWeights : LlamaParts<DeviceMatrix, const float*> {
  LlamaConfig config;
  Dtype dtype = Dtype::bf16;  // of activations and of matrices that are not int8: bf16 or f16
  CudaPrecision precision = CudaPrecision::as_stored;
  Memory memory;

  double streamed_bytes() const;  // what one token reads: all matrices, the embedding only as head
};

// From a directory in Hugging Face layout, through a small pinned buffer; matrices in f32 become bf16. Errors
// as load_weights, and CudaError where the device has too little memory.
// `vocab`: see Checkpoint.
CudaWeights load_cuda_weights(const std::filesystem::path& directory, CudaPrecision precision, Stream& stream,
                              int vocab = 0);

// The same numbers as random_weights makes on the processor, made on the device. `dtype`: bf16 or f16.
CudaWeights random_cuda_weights(const LlamaConfig& config, Dtype dtype, CudaPrecision precision,
                                std::uint64_t seed, Stream& stream);

}  // namespace speclab
