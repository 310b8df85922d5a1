#include "core/models/checkpoint/llama_shape.h"

#include <fmt/format.h>

#include "core/errors.h"

namespace speclab {

LlamaConfig llama_config_of(const ModelShape& shape, int max_positions) {
  const auto refuse = [&](const std::string& what) {
    throw ConfigError(
        fmt::format("shape '{}' {}, so it cannot be run with random weights; shapes of the Llama "
                    "family can (speclab list shapes)",
                    shape.name, what));
  };
  if (shape.mixture()) refuse(fmt::format("has {} experts", shape.experts.count));
  if (shape.feed_forward_matrices != 3) refuse("has a feed-forward part without a gate");
  if (shape.learned_positions > 0) refuse("has learned positions");
  if (shape.attention_weights > 0 || shape.cache_width > 0) refuse("has another kind of attention");
  if (shape.borrowed_embeddings || shape.extra_weights > 0) refuse("is a part of another model");
  if (shape.windowed_layers > 0 && shape.windowed_layers < shape.layers)
    refuse("has windows in some layers, and a catalogue does not tell in which");
  LlamaConfig config;
  config.hidden = shape.hidden;
  config.intermediate = shape.feed_forward;
  config.layers = shape.layers;
  config.heads = shape.heads;
  config.kv_heads = shape.kv_heads;
  config.head_dim = shape.head_dim;
  config.vocab = shape.vocab;
  config.max_positions = max_positions;
  config.rms_epsilon = 1e-5;
  config.tied = shape.tied_embeddings;
  config.sliding_window = shape.windowed_layers > 0 ? shape.window : 0;
  return config;
}

}  // namespace speclab
