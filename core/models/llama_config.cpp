#include "core/models/llama_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/errors.h"

namespace speclab {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

Json read_json(const fs::path& path) {
  std::ifstream file(path);
  if (!file) throw ConfigError(fmt::format("{}: cannot be opened", path.string()));
  Json json = Json::parse(file, nullptr, false);
  if (!json.is_object()) throw ConfigError(fmt::format("{}: is not a JSON object", path.string()));
  return json;
}

// One JSON object with the place that its errors name.
class Settings {
 public:
  Settings(const Json& json, std::string place) : json_(json), place_(std::move(place)) {}

  [[noreturn]] void refuse(const std::string& what) const { throw ConfigError(place_ + ": " + what); }

  // Present and not null.
  bool has(const char* key) const { return json_.contains(key) && !json_[key].is_null(); }
  const Json& at(const char* key) const { return json_[key]; }

  int count(const char* key) const {
    if (!has(key)) refuse(fmt::format("has no '{}'", key));
    const Json& value = json_[key];
    if (!value.is_number_integer() || value.get<std::int64_t>() < 1 ||
        value.get<std::int64_t>() > INT32_MAX) {
      refuse(fmt::format("'{}' is {}; it must be a whole number, 1 or more", key, value.dump()));
    }
    return value.get<int>();
  }
  int count(const char* key, int otherwise) const { return has(key) ? count(key) : otherwise; }

  double positive(const char* key) const {
    if (!has(key)) refuse(fmt::format("has no '{}'", key));
    const Json& value = json_[key];
    if (!value.is_number() || !(value.get<double>() > 0) || !std::isfinite(value.get<double>())) {
      refuse(fmt::format("'{}' is {}; it must be a number above 0", key, value.dump()));
    }
    return value.get<double>();
  }
  double positive(const char* key, double otherwise) const { return has(key) ? positive(key) : otherwise; }

  bool flag(const char* key) const {
    if (!has(key)) return false;
    if (!json_[key].is_boolean())
      refuse(fmt::format("'{}' is {}; it must be true or false", key, json_[key].dump()));
    return json_[key].get<bool>();
  }
  std::string text(const char* key, const std::string& otherwise) const {
    if (!has(key)) return otherwise;
    if (!json_[key].is_string())
      refuse(fmt::format("'{}' is {}; it must be a string", key, json_[key].dump()));
    return json_[key].get<std::string>();
  }

 private:
  const Json& json_;
  std::string place_;
};

std::string architecture_of(const Settings& settings) {
  constexpr const char* kKnown =
      "LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM and Qwen3ForCausalLM";
  const bool named = settings.has("architectures") && settings.at("architectures").is_array() &&
                     settings.at("architectures").size() == 1 && settings.at("architectures")[0].is_string();
  if (!named) settings.refuse(fmt::format("has no single 'architectures' entry; {} can be run", kKnown));
  std::string name = settings.at("architectures")[0];
  if (name != "LlamaForCausalLM" && name != "MistralForCausalLM" && name != "Qwen2ForCausalLM" &&
      name != "Qwen3ForCausalLM") {
    settings.refuse(fmt::format("architecture '{}' cannot be run; {} can", name, kKnown));
  }
  return name;
}

// `rope_theta` and `rope_scaling`, or both within `rope_parameters`, as newer files have it.
RopeConfig read_rope(const Json& json, const Settings& settings, const std::string& place) {
  RopeConfig rope;
  rope.theta = settings.positive("rope_theta", rope.theta);
  const char* key = settings.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
  if (!settings.has(key)) return rope;
  if (!settings.at(key).is_object()) settings.refuse(fmt::format("'{}' is not an object", key));
  const Settings scaling(json[key], fmt::format("{}: '{}'", place, key));
  rope.theta = scaling.positive("rope_theta", rope.theta);
  if (scaling.positive("partial_rotary_factor", 1) != 1)
    scaling.refuse("'partial_rotary_factor' other than 1 cannot be run");
  const std::string type = scaling.text("rope_type", scaling.text("type", "default"));
  if (type == "default") return rope;
  if (type == "linear") {
    rope.scaling = RopeConfig::Scaling::linear;
    rope.factor = scaling.positive("factor");
  } else if (type == "llama3") {
    rope.scaling = RopeConfig::Scaling::llama3;
    rope.factor = scaling.positive("factor");
    rope.low_freq_factor = scaling.positive("low_freq_factor");
    rope.high_freq_factor = scaling.positive("high_freq_factor");
    rope.original_max_positions = scaling.positive("original_max_position_embeddings");
    if (rope.high_freq_factor <= rope.low_freq_factor) {
      scaling.refuse(fmt::format("'high_freq_factor' is {}; it must be above 'low_freq_factor', {}",
                                 rope.high_freq_factor, rope.low_freq_factor));
    }
  } else {
    scaling.refuse(fmt::format("rope type '{}' cannot be run; default, linear and llama3 can", type));
  }
  return rope;
}

void append_end_tokens(const Settings& settings, std::vector<Token>& tokens) {
  if (!settings.has("eos_token_id")) return;
  const Json& given = settings.at("eos_token_id");
  const Json list = given.is_array() ? given : Json::array({given});
  for (const Json& token : list) {
    if (!token.is_number_integer()) {
      settings.refuse(
          fmt::format("'eos_token_id' is {}; it must be a token number or a list of them", given.dump()));
    }
    const Token value = token.get<Token>();
    if (value >= 0 && std::find(tokens.begin(), tokens.end(), value) == tokens.end()) tokens.push_back(value);
  }
}

}  // namespace

LlamaConfig read_llama_config(const fs::path& directory) {
  const fs::path path = directory / "config.json";
  const Json json = read_json(path);
  const Settings settings(json, path.string());
  LlamaConfig config;
  config.architecture = architecture_of(settings);
  const bool mistral = config.architecture == "MistralForCausalLM";
  const bool qwen2 = config.architecture == "Qwen2ForCausalLM",
             qwen3 = config.architecture == "Qwen3ForCausalLM";

  config.hidden = settings.count("hidden_size");
  config.intermediate = settings.count("intermediate_size");
  config.layers = settings.count("num_hidden_layers");
  config.heads = settings.count("num_attention_heads");
  config.kv_heads = settings.count("num_key_value_heads", config.heads);
  config.vocab = settings.count("vocab_size");
  config.max_positions = settings.count("max_position_embeddings");
  config.rms_epsilon = settings.positive("rms_norm_eps", config.rms_epsilon);
  config.rope = read_rope(json, settings, path.string());
  config.tied = settings.flag("tie_word_embeddings");
  config.qkv_bias = qwen2;
  config.qk_norm = qwen3;

  if (config.heads % config.kv_heads != 0) {
    settings.refuse(
        fmt::format("'num_attention_heads' is {}; it must be a multiple of 'num_key_value_heads', {}",
                    config.heads, config.kv_heads));
  }
  if (settings.has("head_dim")) {
    config.head_dim = settings.count("head_dim");
  } else if (qwen3) {
    config.head_dim = 128;  // this architecture's default in transformers
  } else if (config.hidden % config.heads == 0) {
    config.head_dim = config.hidden / config.heads;
  } else {
    settings.refuse(
        fmt::format("'hidden_size' is {}; without 'head_dim' it must be a multiple of "
                    "'num_attention_heads', {}",
                    config.hidden, config.heads));
  }
  if (config.head_dim % 2 != 0)
    settings.refuse(fmt::format("'head_dim' is {}; it must be even", config.head_dim));
  const std::string activation = settings.text("hidden_act", "silu");
  if (activation != "silu")
    settings.refuse(fmt::format("'hidden_act' is '{}'; only silu can be run", activation));
  for (const char* key : {"attention_bias", "mlp_bias"}) {
    if (settings.flag(key)) settings.refuse(fmt::format("'{}' is true; only false can be run", key));
  }
  if (mistral) {
    config.sliding_window = settings.count("sliding_window", 0);
  } else if (settings.flag("use_sliding_window")) {
    settings.refuse("'use_sliding_window' is true; only false can be run with this architecture");
  }

  append_end_tokens(settings, config.end_tokens);
  const fs::path generation = directory / "generation_config.json";
  if (fs::exists(generation)) {
    const Json more = read_json(generation);
    append_end_tokens(Settings(more, generation.string()), config.end_tokens);
  }
  return config;
}

}  // namespace speclab
