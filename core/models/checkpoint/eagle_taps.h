#pragma once

#include <vector>

#include "core/settings/json_settings.h"

namespace speclab {

// After how many of the target's layers EAGLE-3 reads its residual stream, ascending. EAGLE's own code reads
// after 2, L / 2 and L - 3 of L layers; other folders name layers in `eagle_aux_hidden_state_layer_ids`, at
// the top level (vllm-project/speculators) or within `eagle_config` (SpecForge, NVIDIA's Model-Optimizer).
//
// Files count in two ways. To vLLM, and in files of vllm-project/speculators, an id is how many layers come
// before (the input of layer `id`, counted from 0), so that the usual ids are 2, L / 2 and L - 3. To
// TensorRT-LLM, and in files trained with SpecForge, it is the layer whose output is read, so that the same
// three are 1, L / 2 - 1 and L - 4. Nothing in a file says which. Nobody reads after a single layer, so a
// first id of 1 is of the second way, and all others are of the first: the rule of SGLang since 2026
// (sgl-project/sglang#25454), kept here and named in a remark. Engines read a layer once, in the order of
// layers, whatever order the ids have.
//
// `nested` is `eagle_config`, or an empty object. ConfigError where an id is no layer or comes twice, or
// where several keys do not say the same.
std::vector<int> read_eagle_taps(const JsonSettings& top, const JsonSettings& nested, int target_layers,
                                 std::vector<std::string>& remarks);

}  // namespace speclab
