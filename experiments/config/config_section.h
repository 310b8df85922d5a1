#pragma once

#include <string>
#include <utility>

#include "core/settings/params.h"
#include "experiments/config/config_file.h"

namespace speclab {

// The kinds of strategies where a config names none.
inline constexpr const char* kDefaultDrafter = "model";
inline constexpr const char* kDefaultTopology = "chain";
inline constexpr const char* kDefaultRule = "speculative_sampling";

// The settings of one section; none where the config has no such section.
inline Params section(const Config& config, const std::string& name) {
  return Params(name, config.sections.value(name, nlohmann::json::object()), config.places);
}

// The same, with a kind where none is given.
inline Params section(const Config& config, const std::string& name, const std::string& kind) {
  nlohmann::json given = config.sections.value(name, nlohmann::json::object());
  if (given.is_object() && !given.contains("kind") && !given.contains("method")) given["kind"] = kind;
  return Params(name, std::move(given), config.places);
}

}  // namespace speclab
