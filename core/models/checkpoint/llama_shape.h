#pragma once

#include "core/cost/model_shape.h"
#include "core/models/checkpoint/llama_config.h"

namespace speclab {

// A catalogued shape as a model that can be run, without what a catalogue does not tell: frequencies of
// positions, biases, norms of heads. ConfigError where the shape is not of the Llama family (experts, a
// feed-forward part without a gate, learned positions...) or is a part of another model.
LlamaConfig llama_config_of(const ModelShape& shape, int max_positions);

}  // namespace speclab
