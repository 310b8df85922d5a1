#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/llama/llama_parts.h"
#include "kernels/llama/tensor_source.h"

namespace speclab {

// All that a model of one config has learnt. Matrices are views, row-major, all of one type; vectors are
// copies in f32.
struct LlamaWeights : LlamaParts<const std::byte*, std::vector<float>> {
  LlamaConfig config;
  Dtype dtype = Dtype::f32;
  std::shared_ptr<const void> owner;  // of what the views look at

  std::size_t streamed_bytes() const;  // what one token reads: all matrices, the embedding only as head
};

// A token's row of a table (vocab, width), converted, exactly.
void look_up(Dtype dtype, const std::byte* table, int width, Token token, float* out);

// ConfigError where matrices differ in type.
LlamaWeights gather_weights(const LlamaConfig& config, const TensorSource& source,
                            std::shared_ptr<const void> owner);

// `vocab`: see Checkpoint.
LlamaWeights load_weights(const std::filesystem::path& directory, int vocab = 0);

// The same for the same seed; see kernels/llama/random_values.h.
LlamaWeights random_weights(const LlamaConfig& config, Dtype dtype, std::uint64_t seed);

}  // namespace speclab
