#include "core/models/tokenizer/tokenizer_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/models/tokenizer/vocabulary.h"
#include "core/settings/json_settings.h"
#include "core/settings/known_keys.h"

namespace speclab {
namespace {

using enum KeyFate;
using nlohmann::json;

constexpr const char* kTokens = "a token is special where tokenizer.json says so";
constexpr const char* kLengths = "prompts are neither cut nor filled up here";
constexpr const char* kDecoding = "texts are decoded as the decoder of tokenizer.json does";
constexpr const char* kClass = "tokenizer.json has all components, whatever class reads them";
constexpr const char* kChat = "texts are taken as they are";
constexpr const char* kOther = "tokenizer.json alone decides; transformers 4 changes its components by it";

// Of special_tokens_map.json, and of tokenizer_config.json too.
constexpr auto kMapKeys = std::to_array<KnownKey>({
    {"bos_token", read, ""},
    {"eos_token", read, ""},
    {"unk_token", inert, kTokens},
    {"pad_token", inert, kTokens},
    {"sep_token", inert, kTokens},
    {"cls_token", inert, kTokens},
    {"mask_token", inert, kTokens},
    {"additional_special_tokens", inert, kTokens},
    {"extra_special_tokens", inert, kTokens},
});

constexpr auto kConfigKeys = std::to_array<KnownKey>({
    {"add_bos_token", read, ""},
    {"add_eos_token", read, ""},
    {"added_tokens_decoder", read, ""},
    {"image_token", inert, kTokens},
    {"audio_token", inert, kTokens},
    {"video_token", inert, kTokens},
    {"model_max_length", inert, kLengths},
    {"max_length", inert, kLengths},
    {"max_len", inert, kLengths},
    {"truncation_side", inert, kLengths},
    {"truncation_strategy", inert, kLengths},
    {"truncation", inert, kLengths},
    {"stride", inert, kLengths},
    {"padding_side", inert, kLengths},
    {"padding", inert, kLengths},
    {"pad_to_multiple_of", inert, kLengths},
    {"pad_token_type_id", inert, kLengths},
    {"model_input_names", inert, kLengths},
    {"clean_up_tokenization_spaces", inert, kDecoding},
    {"spaces_between_special_tokens", inert, kDecoding},
    {"errors", inert, kDecoding},
    {"tokenizer_class", inert, kClass},
    {"auto_map", inert, kClass},
    {"backend", inert, kClass},
    {"is_local", inert, kClass},
    {"local_files_only", inert, kClass},
    {"legacy", inert, kClass},
    {"use_fast", inert, kClass},
    {"from_slow", inert, kClass},
    {"sp_model_kwargs", inert, kClass},
    {"vocab_file", inert, kClass},
    {"merges_file", inert, kClass},
    {"tokenizer_file", inert, kClass},
    {"special_tokens_map_file", inert, kClass},
    {"name_or_path", inert, kClass},
    {"processor_class", inert, kClass},
    {"chat_template", inert, kChat},
    {"response_schema", inert, kChat},
    {"use_default_system_prompt", inert, kChat},
    {"model_specific_special_tokens", inert, kTokens},
    {"add_prefix_space", said, kOther, "[false]"},
    {"split_special_tokens", said, kOther, "[false]"},
    {"do_lower_case", said, kOther, "[false]"},
});

// The object in the file, all of whose keys have a fate; null where there is no file.
json checked(const std::filesystem::path& file, std::span<const KeyTable> keys,
             std::vector<std::string>& remarks) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return {};
  json object = read_json_object(file);
  check_keys(object, file.filename().string(), keys, remarks);
  return object;
}

// A token's text, by itself or as an object with all that is said of the token.
std::optional<std::string> token_text(const json& object, const char* key) {
  if (!object.contains(key)) return std::nullopt;
  const json& token = object[key];
  if (token.is_string()) return token.get<std::string>();
  if (token.is_object() && token.contains("content") && token["content"].is_string())
    return token["content"].get<std::string>();
  return std::nullopt;
}

std::optional<bool> flag(const json& object, const std::filesystem::path& file, const char* key) {
  const JsonSettings settings(object, file.string());
  if (!settings.has(key)) return std::nullopt;
  return settings.flag(key);
}

std::vector<ListedToken> added_tokens(const json& object, const std::filesystem::path& file) {
  std::vector<ListedToken> added;
  if (!object.contains("added_tokens_decoder")) return added;
  for (const auto& [id, token] : object["added_tokens_decoder"].items()) {
    Token number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    const bool whole = error == std::errc() && end == id.data() + id.size();
    if (!whole || !token.is_object() || !token.contains("content") || !token["content"].is_string()) {
      throw ConfigError(fmt::format("{}: added_tokens_decoder: '{}' is not a token with its \"content\"",
                                    file.string(), id));
    }
    added.push_back({file.filename().string(), token["content"].get<std::string>(), number});
  }
  return added;
}

// Of added_tokens.json, {"text": token, ...}.
void append_added(const std::filesystem::path& file, std::vector<ListedToken>& added) {
  std::error_code none;
  if (!std::filesystem::exists(file, none)) return;
  const json object = read_json_object(file);
  for (const auto& [text, token] : object.items()) {
    if (!token.is_number_unsigned() || token.get<std::uint64_t>() >= Vocabulary::kMaxTokens)
      throw ConfigError(fmt::format("{}: '{}' has the token {}, not a number below {}", file.string(), text,
                                    token.dump(), Vocabulary::kMaxTokens));
    added.push_back({file.filename().string(), text, token.get<Token>()});
  }
}

void append_named(const json& object, const char* key, const std::filesystem::path& file,
                  std::vector<NamedToken>& named) {
  const std::optional<std::string> text = token_text(object, key);
  if (!text) return;
  const auto same = std::ranges::find(named, *text, &NamedToken::text);
  if (same == named.end()) {
    named.push_back({file.filename().string(), *text});
  } else {
    same->files += " and " + file.filename().string();
  }
}

}  // namespace

TokenizerConfig TokenizerConfig::beside(const std::filesystem::path& tokenizer_json) {
  constexpr std::array<KeyTable, 2> kTables{kMapKeys, kConfigKeys};
  TokenizerConfig config;
  const std::filesystem::path folder = tokenizer_json.parent_path();
  const auto read_names = [&](const json& object, const std::filesystem::path& file) {
    append_named(object, "bos_token", file, config.bos);
    append_named(object, "eos_token", file, config.eos);
  };
  const std::filesystem::path file = folder / "tokenizer_config.json";
  if (const json object = checked(file, kTables, config.remarks); object.is_object()) {
    read_names(object, file);
    config.add_bos = flag(object, file, "add_bos_token");
    config.add_eos = flag(object, file, "add_eos_token");
    config.added = added_tokens(object, file);
  }
  const std::filesystem::path map = folder / "special_tokens_map.json";
  read_names(checked(map, std::span(kTables).first(1), config.remarks), map);
  append_added(folder / "added_tokens.json", config.added);
  return config;
}

}  // namespace speclab
