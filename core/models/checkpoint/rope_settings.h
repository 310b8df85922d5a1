#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/models/checkpoint/llama_config.h"

namespace speclab {

// How positions become angles in a config.json: `rope_theta` and `rope_scaling`, or both within
// `rope_parameters`, as files of transformers 5 have it. Settings that change nothing are taken as `none`.
// ConfigError where they contradict each other or cannot be run; see check_keys for `remarks`.
RopeConfig read_rope(const nlohmann::json& config, const std::string& place, int max_positions,
                     std::vector<std::string>& remarks);

}  // namespace speclab
