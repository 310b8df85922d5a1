#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/models/llama_config.h"
#include "core/models/safetensors.h"

namespace speclab {

// All that a model of one config has learnt. Matrices are views, (outputs, inputs) row-major, all of one
// type; vectors are copies in f32.
struct LlamaWeights {
  struct Layer {
    std::vector<float> input_norm, output_norm;  // (hidden): before attention, before the feed-forward part
    const std::byte *query = nullptr, *key = nullptr, *value = nullptr, *output = nullptr;
    const std::byte *gate = nullptr, *up = nullptr, *down = nullptr;
    std::vector<float> query_bias, key_bias, value_bias;  // empty without
    std::vector<float> query_norm, key_norm;              // (head_dim), empty without
  };

  LlamaConfig config;
  Dtype dtype = Dtype::f32;
  const std::byte* embedding = nullptr;  // (vocab, hidden)
  const std::byte* head = nullptr;       // (vocab, hidden)
  std::vector<Layer> layers;
  std::vector<float> final_norm;      // (hidden)
  std::shared_ptr<const void> owner;  // of what the views look at

  std::size_t streamed_bytes() const;  // what one token reads: all matrices, the embedding only as head
};

// A token's row of a table (vocab, width), converted, exactly.
void look_up(Dtype dtype, const std::byte* table, int width, Token token, float* out);

// Asked once per tensor, by its name in Hugging Face checkpoints.
using TensorSource = std::function<Tensor(const std::string& name, std::span<const std::int64_t> shape)>;

// ConfigError where matrices differ in type.
LlamaWeights gather_weights(const LlamaConfig& config, const TensorSource& source,
                            std::shared_ptr<const void> owner);

LlamaWeights load_weights(const std::filesystem::path& directory);

// Matrices normal-like with variance 1 / inputs, so that activations neither die nor explode; norms near
// one. The same for the same seed.
LlamaWeights random_weights(const LlamaConfig& config, Dtype dtype, std::uint64_t seed);

}  // namespace speclab
