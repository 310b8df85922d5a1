#include "core/models/checkpoint/rope_settings.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "core/models/checkpoint/llama_keys.h"
#include "core/settings/json_settings.h"

namespace speclab {
namespace {

using Json = nlohmann::json;

// Empty where none is named. transformers 4 prefers 'type', transformers 5 'rope_type'.
std::string type_of(const JsonSettings& scaling) {
  const std::string newer = scaling.text("rope_type", ""), older = scaling.text("type", "");
  if (!newer.empty() && !older.empty() && newer != older) {
    scaling.refuse(
        fmt::format("'rope_type' is '{}' and 'type' is '{}'; leave one of them out", newer, older));
  }
  return newer.empty() ? older : newer;
}

// ConfigError where settings would stretch, but their type, empty where it is not named, does not.
void refuse_stretching(const JsonSettings& scaling, const std::string& type, int max_positions) {
  const auto refuse = [&](const char* key) {
    scaling.refuse(
        fmt::format("has '{}' {} and {}; 'rope_type' must say which way is meant: linear and llama3 "
                    "can be run",
                    key, scaling.at(key).dump(),
                    type.empty() ? "no 'rope_type', without which nothing is stretched"
                                 : "rope type 'default', which stretches nothing"));
  };
  for (const auto& [key, plain] : {std::pair("factor", 1), std::pair("attention_factor", 1),
                                   std::pair("original_max_position_embeddings", max_positions)}) {
    if (scaling.positive(key, plain) != plain) refuse(key);
  }
  for (const char* key : {"low_freq_factor", "high_freq_factor", "beta_fast", "beta_slow", "mscale",
                          "mscale_all_dim", "short_factor", "long_factor"}) {
    if (scaling.has(key)) refuse(key);
  }
}

// transformers 4 reads the one outside, transformers 5 the one inside.
double theta_of(const JsonSettings& outer, const JsonSettings& scaling, const char* key, double otherwise) {
  const double outside = outer.positive("rope_theta", otherwise);
  const double inside = scaling.positive("rope_theta", outside);
  if (outer.has("rope_theta") && inside != outside) {
    outer.refuse(fmt::format("'rope_theta' is {} and that of '{}' is {}; they must be the same", outside, key,
                             inside));
  }
  return inside;
}

double original_positions(const JsonSettings& outer, const JsonSettings& scaling) {
  constexpr const char* kKey = "original_max_position_embeddings";
  const double inside = scaling.positive(kKey);
  if (outer.has(kKey) && outer.positive(kKey) != inside) {
    outer.refuse(fmt::format("'{}' is {}, and {} within the settings of rope; they must be the same", kKey,
                             outer.positive(kKey), inside));
  }
  return inside;
}

// Whether a type that stretches by a factor is at 1, where angles are those of `default` at all positions
// that the model has. Some versions of transformers take the factor of yarn from the numbers of positions
// instead.
bool stretches_nothing(const JsonSettings& scaling, int max_positions) {
  return scaling.positive("factor", 0.5) == 1 && scaling.positive("attention_factor", 1) == 1 &&
         scaling.positive("original_max_position_embeddings", max_positions) == max_positions;
}

RopeConfig read_object(const JsonSettings& outer, const Json& json, const char* key, const std::string& place,
                       int max_positions) {
  const JsonSettings scaling(json, place);
  RopeConfig rope;
  rope.theta = theta_of(outer, scaling, key, rope.theta);
  const std::string type = type_of(scaling);
  if (type == "linear") {
    rope.scaling = RopeConfig::Scaling::linear;
    rope.factor = scaling.positive("factor");
  } else if (type == "llama3") {
    rope.scaling = RopeConfig::Scaling::llama3;
    rope.factor = scaling.positive("factor");
    rope.low_freq_factor = scaling.positive("low_freq_factor");
    rope.high_freq_factor = scaling.positive("high_freq_factor");
    rope.original_max_positions = original_positions(outer, scaling);
    if (rope.high_freq_factor <= rope.low_freq_factor) {
      scaling.refuse(fmt::format("'high_freq_factor' is {}; it must be above 'low_freq_factor', {}",
                                 rope.high_freq_factor, rope.low_freq_factor));
    }
  } else if (type == "yarn" || type == "dynamic") {
    if (!stretches_nothing(scaling, max_positions)) {
      scaling.refuse(
          fmt::format("rope type '{}' can be run only at 'factor' 1, where it changes nothing; default, "
                      "linear and llama3 can at any",
                      type));
    }
  } else if (type.empty() || type == "default") {
    refuse_stretching(scaling, type, max_positions);
  } else {
    scaling.refuse(fmt::format("rope type '{}' cannot be run; default, linear and llama3 can", type));
  }
  return rope;
}

}  // namespace

RopeConfig read_rope(const Json& config, const std::string& place, int max_positions,
                     std::vector<std::string>& remarks) {
  const JsonSettings outer(config, place);
  std::optional<RopeConfig> rope;
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!outer.has(key)) continue;
    if (!outer.at(key).is_object()) outer.refuse(fmt::format("'{}' is not an object", key));
    const std::string within = fmt::format("{}: '{}'", place, key);
    check_keys(outer.at(key), within, rope_keys(), remarks);
    const RopeConfig read = read_object(outer, outer.at(key), key, within, max_positions);
    if (rope && !(*rope == read)) {
      outer.refuse("'rope_scaling' and 'rope_parameters' differ; leave one of them out");
    }
    rope = read;
  }
  if (rope) return *rope;
  RopeConfig plain;
  plain.theta = outer.positive("rope_theta", plain.theta);
  return plain;
}

}  // namespace speclab
