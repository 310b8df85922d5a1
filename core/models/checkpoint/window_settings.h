#pragma once

#include "core/models/checkpoint/llama_config.h"
#include "core/settings/json_settings.h"

namespace speclab {

// How far back the queries of each layer see, from `sliding_window`, `layer_types` and, for Qwen2 and Qwen3,
// `use_sliding_window` and `max_window_layers`, as transformers reads them. ConfigError where they contradict
// each other or cannot be run.
void read_windows(const JsonSettings& settings, LlamaConfig& config);

}  // namespace speclab
