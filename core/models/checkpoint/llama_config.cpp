#include "core/models/checkpoint/llama_config.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/errors.h"
#include "core/models/checkpoint/eagle_keys.h"
#include "core/models/checkpoint/llama_keys.h"
#include "core/models/checkpoint/quantization.h"
#include "core/models/checkpoint/rope_settings.h"
#include "core/models/checkpoint/window_settings.h"
#include "core/settings/json_settings.h"

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

void append_end_tokens(const Settings& settings, std::vector<Token>& tokens) {
  if (!settings.has("eos_token_id")) return;
  const Json& given = settings.at("eos_token_id");
  const Json list = given.is_array() ? given : Json::array({given});
  for (const Json& token : list) {
    if (!token.is_number_integer()) {
      settings.refuse(
          fmt::format("'eos_token_id' is {}; it must be a token number or a list of them", given.dump()));
    }
    const auto value = token.get<std::int64_t>();
    if (value > INT32_MAX)
      settings.refuse(fmt::format("'eos_token_id' is {}, which is no token", token.dump()));
    if (value >= 0 && std::ranges::find(tokens, value) == tokens.end())
      tokens.push_back(static_cast<Token>(value));
  }
}

// Engines take such a model too: the token has no row, so no text ends with it.
void leave_out_impossible_ends(const fs::path& folder, LlamaConfig& config) {
  std::vector<Token> beyond;
  std::erase_if(config.end_tokens, [&](Token token) {
    if (token < config.vocab) return false;
    beyond.push_back(token);
    return true;
  });
  if (beyond.empty()) return;
  config.remarks.push_back(
      fmt::format("{}: 'eos_token_id' {} is beyond 'vocab_size', {}: no text ends with it", folder.string(),
                  fmt::join(beyond, ", "), config.vocab));
}

constexpr const char* kModels[] = {"LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM",
                                   "Qwen3ForCausalLM"};
constexpr std::pair<const char*, const char*> kModelTypes[] = {{"LlamaForCausalLM", "llama"},
                                                               {"MistralForCausalLM", "mistral"},
                                                               {"Qwen2ForCausalLM", "qwen2"},
                                                               {"Qwen3ForCausalLM", "qwen3"}};
// As SafeAILab/EAGLE, vLLM and SGLang spell them.
constexpr const char* kEagles[] = {"LlamaForCausalLM",       "LlamaForCausalLMEagle",
                                   "EagleLlamaForCausalLM",  "LlamaForCausalLMEagle3",
                                   "Eagle3LlamaForCausalLM", "LlamaForCausalLMEagle2"};

// AutoModel of transformers goes by this one, vLLM and speclab by 'architectures'.
void check_model_type(const Settings& settings, const std::string& architecture) {
  const std::string given = settings.text("model_type", "");
  for (const auto& [name, type] : kModelTypes) {
    if (architecture != name || given.empty() || given == type) continue;
    settings.refuse(fmt::format("'architectures' is {}, but 'model_type' is '{}'; that of {} is '{}'",
                                architecture, given, architecture, type));
  }
}

// At most so many of each, so that no product of two of them is near the end of an int. The largest dense
// model, Llama 3.1 405B, has 53,248.
constexpr int kMaxOutputs = 1 << 24;

int size_of(const Settings& settings, const char* key) {
  const int size = settings.count(key);
  if (size > kMaxOutputs)
    settings.refuse(fmt::format("'{}' is {}; at most {} can be run", key, size, kMaxOutputs));
  return size;
}

void read_heads(const Settings& settings, LlamaConfig& config) {
  config.heads = size_of(settings, "num_attention_heads");
  config.kv_heads =
      settings.has("num_key_value_heads") ? size_of(settings, "num_key_value_heads") : config.heads;
  if (config.heads % config.kv_heads != 0) {
    settings.refuse(
        fmt::format("'num_attention_heads' is {}; it must be a multiple of 'num_key_value_heads', {}",
                    config.heads, config.kv_heads));
  }
  if (settings.has("head_dim")) {
    config.head_dim = size_of(settings, "head_dim");
  } else if (config.architecture == "Qwen3ForCausalLM") {
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
  if (const std::int64_t outputs = std::int64_t{config.heads} * config.head_dim; outputs > kMaxOutputs) {
    settings.refuse(
        fmt::format("'num_attention_heads', {}, times 'head_dim', {}, is {}; at most {} can be run",
                    config.heads, config.head_dim, outputs, kMaxOutputs));
  }
}

LlamaConfig read(const Json& json, const fs::path& path, std::span<const char* const> architectures) {
  const Settings settings(json, path.string());
  LlamaConfig config;
  config.architecture = architecture_of(settings, architectures);
  check_model_type(settings, config.architecture);
  refuse_quantized(json, path.string());

  config.hidden = size_of(settings, "hidden_size");
  config.intermediate = size_of(settings, "intermediate_size");
  config.layers = size_of(settings, "num_hidden_layers");
  config.vocab = size_of(settings, "vocab_size");
  config.max_positions = settings.count("max_position_embeddings");
  config.rms_epsilon = settings.positive("rms_norm_eps", config.rms_epsilon);
  read_heads(settings, config);
  config.rope = read_rope(json, path.string(), config.max_positions, config.remarks);
  config.tied = settings.flag("tie_word_embeddings");
  config.qkv_bias = config.architecture == "Qwen2ForCausalLM";
  config.qk_norm = config.architecture == "Qwen3ForCausalLM";
  const std::string activation = settings.text("hidden_act", "silu");
  if (activation != "silu" && activation != "swish")  // one function by two names
    settings.refuse(fmt::format("'hidden_act' is '{}'; only silu can be run", activation));
  read_windows(settings, config);

  append_end_tokens(settings, config.end_tokens);
  const fs::path generation = path.parent_path() / "generation_config.json";
  if (fs::exists(generation)) {
    const Json more = read_json_object(generation);
    check_keys(more, generation.string(), generation_keys(), config.remarks);
    append_end_tokens(Settings(more, generation.string()), config.end_tokens);
  }
  leave_out_impossible_ends(path.parent_path(), config);
  return config;
}

}  // namespace

LlamaConfig read_llama_config(const fs::path& directory) {
  const fs::path path = directory / "config.json";
  const Json json = read_json_object(path);
  LlamaConfig config = read(json, path, kModels);
  // As transformers has it: Qwen2 has biases of its own and Mistral has none, whatever the file says.
  const Settings settings(json, path.string());
  if (config.architecture == "LlamaForCausalLM" || config.architecture == "Qwen3ForCausalLM")
    config.qkv_bias = config.output_bias = settings.flag("attention_bias");
  const bool named = settings.flag("mlp_bias");
  if (named && config.architecture != "LlamaForCausalLM") {
    settings.refuse(
        fmt::format("'mlp_bias' is true, but only LlamaForCausalLM has such biases, and this is {}",
                    config.architecture));
  }
  config.mlp_bias = named;
  check_keys(json, path.string(), llama_config_keys(), config.remarks);
  return config;
}

LlamaConfig read_eagle_config(const fs::path& directory, EagleKind kind) {
  const fs::path path = directory / "config.json";
  const Json json = read_json_object(path);
  const Settings settings(json, path.string());
  std::vector<std::string> remarks;
  check_keys(json, path.string(), eagle_keys(kind), remarks);
  if (settings.has("eagle_config")) {
    const std::string place = path.string() + ": 'eagle_config'";
    if (!json["eagle_config"].is_object()) settings.refuse("'eagle_config' is not an object");
    check_keys(json["eagle_config"], place, nested_eagle_keys(kind), remarks);
  }
  LlamaConfig config = read(json, path, kEagles);
  const bool named = kind == EagleKind::first && settings.flag("qkv_bias");
  config.qkv_bias = named || settings.flag("attention_bias");
  config.remarks.insert(config.remarks.end(), remarks.begin(), remarks.end());
  return config;
}

}  // namespace speclab
