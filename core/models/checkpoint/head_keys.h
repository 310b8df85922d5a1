#pragma once

#include "core/models/checkpoint/known_tensors.h"
#include "core/settings/known_keys.h"

namespace speclab {

// The keys of config.json of Medusa's heads: those of FasterDecoding/Medusa and of vLLM, and those of a model
// of the Llama family, which some write along.
std::span<const KeyTable> medusa_keys();
// Of Hydra's: those of zankner/Hydra, likewise.
std::span<const KeyTable> hydra_keys();

// Tensors of such folders that are not read here.
std::span<const TensorTable> medusa_unread_tensors();
std::span<const TensorTable> hydra_unread_tensors();

}  // namespace speclab
