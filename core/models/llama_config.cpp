#include "core/models/llama_config.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "core/errors.h"
#include "core/models/json_settings.h"

namespace speclab {
namespace {

using Json = nlohmann::json;
using Settings = JsonSettings;
namespace fs = std::filesystem;

// The single entry of 'architectures', which must be one of these.
std::string architecture_of(const Settings& settings, std::span<const char* const> known) {
  const std::string list =
      fmt::format("{} and {}", fmt::join(known.first(known.size() - 1), ", "), known.back());
  const bool named = settings.has("architectures") && settings.at("architectures").is_array() &&
                     settings.at("architectures").size() == 1 && settings.at("architectures")[0].is_string();
  if (!named) settings.refuse(fmt::format("has no single 'architectures' entry; {} can be run", list));
  std::string name = settings.at("architectures")[0];
  if (std::ranges::find(known, name) == known.end()) {
    settings.refuse(fmt::format("architecture '{}' cannot be run; {} can", name, list));
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

constexpr const char* kModels[] = {"LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM",
                                   "Qwen3ForCausalLM"};
// As SafeAILab/EAGLE, vLLM and SGLang spell them.
constexpr const char* kEagles[] = {"LlamaForCausalLM",       "LlamaForCausalLMEagle",
                                   "EagleLlamaForCausalLM",  "LlamaForCausalLMEagle3",
                                   "Eagle3LlamaForCausalLM", "LlamaForCausalLMEagle2"};

LlamaConfig read(const fs::path& directory, std::span<const char* const> architectures) {
  const fs::path path = directory / "config.json";
  const Json json = read_json_object(path);
  const Settings settings(json, path.string());
  LlamaConfig config;
  config.architecture = architecture_of(settings, architectures);
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
    const Json more = read_json_object(generation);
    append_end_tokens(Settings(more, generation.string()), config.end_tokens);
  }
  return config;
}

}  // namespace

LlamaConfig read_llama_config(const fs::path& directory) { return read(directory, kModels); }

LlamaConfig read_eagle_config(const fs::path& directory) { return read(directory, kEagles); }

}  // namespace speclab
