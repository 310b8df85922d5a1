#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "core/models/checkpoint/llama_config.h"

namespace speclab {

// All that a model of the family has learnt, however matrices (outputs, inputs) and vectors are held.
template <class Matrix, class Vector>
struct LlamaParts {
  struct Layer {
    Vector input_norm{}, output_norm{};  // (hidden): before attention, before the feed-forward part
    Matrix query{}, key{}, value{}, output{};
    Matrix gate{}, up{}, down{};
    Vector query_bias{}, key_bias{}, value_bias{}, output_bias{};  // empty without
    Vector gate_bias{}, up_bias{}, down_bias{};                    // likewise
    Vector query_norm{}, key_norm{};                               // (head_dim), empty without
  };

  Matrix embedding{};  // (vocab, hidden)
  Matrix head{};       // (vocab, hidden)
  std::vector<Layer> layers;
  Vector final_norm{};  // (hidden)
};

// Asks `take` for every part once, by its name in Hugging Face checkpoints and always in this order:
// take.table(name, vocab, hidden), take.matrix(name, outputs, inputs), take.vector(name, length), and
// take.tied(table, vocab, hidden) for a head that is the embedding.
template <class Matrix, class Vector, class Taker>
LlamaParts<Matrix, Vector> take_parts(const LlamaConfig& config, Taker& take) {
  LlamaParts<Matrix, Vector> parts;
  const int hidden = config.hidden, d = config.head_dim;
  const int queries = config.heads * d, keys = config.kv_heads * d;
  parts.embedding = take.table("model.embed_tokens.weight", config.vocab, hidden);
  for (int i = 0; i < config.layers; ++i) {
    const std::string prefix = fmt::format("model.layers.{}.", i);
    typename LlamaParts<Matrix, Vector>::Layer layer;
    layer.input_norm = take.vector(prefix + "input_layernorm.weight", hidden);
    layer.query = take.matrix(prefix + "self_attn.q_proj.weight", queries, hidden);
    layer.key = take.matrix(prefix + "self_attn.k_proj.weight", keys, hidden);
    layer.value = take.matrix(prefix + "self_attn.v_proj.weight", keys, hidden);
    layer.output = take.matrix(prefix + "self_attn.o_proj.weight", hidden, queries);
    if (config.qkv_bias) {
      layer.query_bias = take.vector(prefix + "self_attn.q_proj.bias", queries);
      layer.key_bias = take.vector(prefix + "self_attn.k_proj.bias", keys);
      layer.value_bias = take.vector(prefix + "self_attn.v_proj.bias", keys);
    }
    if (config.output_bias) layer.output_bias = take.vector(prefix + "self_attn.o_proj.bias", hidden);
    if (config.qk_norm) {
      layer.query_norm = take.vector(prefix + "self_attn.q_norm.weight", d);
      layer.key_norm = take.vector(prefix + "self_attn.k_norm.weight", d);
    }
    layer.output_norm = take.vector(prefix + "post_attention_layernorm.weight", hidden);
    layer.gate = take.matrix(prefix + "mlp.gate_proj.weight", config.intermediate, hidden);
    layer.up = take.matrix(prefix + "mlp.up_proj.weight", config.intermediate, hidden);
    layer.down = take.matrix(prefix + "mlp.down_proj.weight", hidden, config.intermediate);
    if (config.mlp_bias) {
      layer.gate_bias = take.vector(prefix + "mlp.gate_proj.bias", config.intermediate);
      layer.up_bias = take.vector(prefix + "mlp.up_proj.bias", config.intermediate);
      layer.down_bias = take.vector(prefix + "mlp.down_proj.bias", hidden);
    }
    parts.layers.push_back(std::move(layer));
  }
  parts.final_norm = take.vector("model.norm.weight", hidden);
  parts.head = config.tied ? take.tied(parts.embedding, config.vocab, hidden)
                           : take.matrix("lm_head.weight", config.vocab, hidden);
  return parts;
}

}  // namespace speclab
