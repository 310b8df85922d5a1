#pragma once

#include <cstdint>

#include "core/models/checkpoint/known_tensors.h"
#include "core/settings/known_keys.h"

namespace speclab {

// EAGLE-1 and 2 read the target's last row beside an embedding; EAGLE-3 reads rows after several layers, and
// its layer norms what it reads (`hidden_norm`).
enum class EagleKind : std::uint8_t { first, third };

// The keys of a head's config.json: those of models of the Llama family, and those that SafeAILab/EAGLE,
// vLLM, SGLang, SpecForge, TensorRT-LLM, NVIDIA's Model-Optimizer and vllm-project/speculators read or write
// beside them. A key that only the other kind reads is refused, unless it says what is so anyway.
std::span<const KeyTable> eagle_keys(EagleKind kind);

// Those within `eagle_config`, where SpecForge and NVIDIA's Model-Optimizer have what is EAGLE's own.
std::span<const KeyTable> nested_eagle_keys(EagleKind kind);

// Tensors of such folders that are not read here.
std::span<const TensorTable> eagle_unread_tensors(EagleKind kind);

}  // namespace speclab
