#pragma once

#include "core/settings/known_keys.h"

namespace speclab {

// The keys of config.json that transformers 4.57 and 5.24 know for models of the Llama family (their classes
// of configs and what these inherit), that vLLM reads for them, and that others write beside them.
std::span<const KeyTable> llama_config_keys();

// Those within `rope_scaling` or `rope_parameters`.
std::span<const KeyTable> rope_keys();

// Those of generation_config.json.
std::span<const KeyTable> generation_keys();

}  // namespace speclab
