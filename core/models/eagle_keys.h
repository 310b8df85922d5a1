#pragma once

#include "core/models/known_keys.h"
#include "core/models/known_tensors.h"

namespace speclab {

// The keys of an EAGLE head's config.json: those of models of the Llama family, and those that
// SafeAILab/EAGLE, vLLM, SGLang, SpecForge, AngelSlim, TensorRT-LLM's tools and vllm-project/speculators read
// or write beside them.
std::span<const KeyTable> eagle_keys();

// Those within `eagle_config`, where SpecForge and NVIDIA's Model-Optimizer have what is EAGLE's own.
std::span<const KeyTable> nested_eagle_keys();

// Tensors of such folders that are not read here.
std::span<const TensorTable> eagle_unread_tensors();

}  // namespace speclab
