#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace speclab {

// ConfigError where a config.json has a `quantization_config`: it says what kind it is, and what can be done.
void refuse_quantized(const nlohmann::json& config, const std::string& place);

}  // namespace speclab
