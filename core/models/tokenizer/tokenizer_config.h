#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/token_tree.h"

namespace speclab {

// A special token as files name it.
struct NamedToken {
  std::string files;  // "tokenizer_config.json and special_tokens_map.json"
  std::string text;
};

// An added token as a file lists it.
struct ListedToken {
  std::string file, text;
  Token token = 0;
};

// What transformers stores beside a tokenizer.json, as far as it could change tokens.
struct TokenizerConfig {
  std::vector<NamedToken> bos, eos;      // different ones, that of tokenizer_config.json first
  std::optional<bool> add_bos, add_eos;  // whether texts get them
  std::vector<ListedToken> added;
  std::vector<std::string> remarks;  // as Provenance has them

  // From tokenizer_config.json, special_tokens_map.json and added_tokens.json in the folder of
  // `tokenizer_json`; empty where there are none. Every key that transformers 4.57 and 5.24 store there has a
  // fate; others are named in the remarks. ConfigError where the files are malformed.
  static TokenizerConfig beside(const std::filesystem::path& tokenizer_json);
};

}  // namespace speclab
