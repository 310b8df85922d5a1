#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/token_tree.h"

namespace speclab {

// What transformers stores beside a tokenizer.json, as far as it could change tokens.
struct TokenizerConfig {
  std::optional<std::string> bos;        // the text of the begin-of-text token
  std::optional<bool> add_bos, add_eos;  // whether texts get them
  std::map<std::string, Token> added;    // added tokens by their text
  std::vector<std::string> remarks;      // as Provenance has them

  // From tokenizer_config.json and special_tokens_map.json in the folder of `tokenizer_json`; empty where
  // there are none. Every key that transformers 4.57 and 5.24 store there has a fate; others are named in the
  // remarks. ConfigError where the files are malformed.
  static TokenizerConfig beside(const std::filesystem::path& tokenizer_json);
};

}  // namespace speclab
