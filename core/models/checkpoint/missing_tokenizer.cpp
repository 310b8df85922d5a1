#include "core/models/checkpoint/missing_tokenizer.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

#include "core/errors.h"

namespace speclab {

void require_tokenizer(const std::filesystem::path& tokenizer_json) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::exists(tokenizer_json, error)) return;
  constexpr std::array<std::pair<const char*, const char*>, 7> kOthers = {{
      {"tokenizer.model", ""},
      {"spiece.model", ""},
      {"tekken.json", " (Mistral's own)"},
      {"vocab.json", ""},
      {"merges.txt", ""},
      {"vocab.txt", " (WordPiece, which is not supported)"},
      {"rwkv_vocab_v20230424.txt", " (RWKV's, which is not supported)"},
  }};
  const fs::path folder = tokenizer_json.has_parent_path() ? tokenizer_json.parent_path() : fs::path(".");
  const std::string made = fmt::format(
      "where transformers is installed, python3 -c \"from transformers import AutoTokenizer as T; "
      "T.from_pretrained('{0}').save_pretrained('{0}')\" writes it",
      folder.string());
  for (const auto& [name, remark] : kOthers) {
    if (!fs::exists(folder / name, error)) continue;
    throw ConfigError(fmt::format("{}: has a tokenizer as {}{}, but no {}; {}", folder.string(), name, remark,
                                  tokenizer_json.filename().string(), made));
  }
  throw ConfigError(
      fmt::format("{}: there is no such file; a model's folder has its tokenizer as tokenizer.json; {}",
                  tokenizer_json.string(), made));
}

}  // namespace speclab
