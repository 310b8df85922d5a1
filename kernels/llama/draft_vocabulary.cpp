#include "kernels/llama/draft_vocabulary.h"

#include <fmt/format.h>

#include "core/errors.h"

namespace speclab {

std::vector<Token> read_target_tokens(const TensorFiles& files, int draft_vocab, int target_vocab,
                                      const std::string& place, const std::string& reader) {
  const auto refuse = [&](const std::string& what) { throw ConfigError(place + ": " + what); };
  std::vector<Token> tokens;
  std::vector<int> drafts(static_cast<std::size_t>(target_vocab), -1);  // by token of the target
  for (const std::int64_t offset : files.integers("d2t", draft_vocab, reader)) {
    const int draft = static_cast<int>(tokens.size());
    if (offset < -draft || offset >= target_vocab - draft) {
      refuse(fmt::format("tensor 'd2t' maps token {} of the draft {} tokens on, but the target has {} tokens",
                         draft, offset, target_vocab));
    }
    const Token token = static_cast<Token>(draft + offset);
    int& other = drafts[token];
    if (other >= 0) {
      refuse(fmt::format("tensor 'd2t' maps tokens {} and {} of the draft to one of the target, {}", other,
                         draft, token));
    }
    other = draft;
    tokens.push_back(token);
  }
  if (!files.contains("t2d")) return tokens;
  const std::vector<std::int64_t> known = files.integers("t2d", target_vocab, reader);
  for (std::size_t token = 0; token < known.size(); ++token) {
    if (known[token] != 0 && known[token] != 1)
      refuse(fmt::format("tensor 't2d' has {} at index {}; it must be 0 or 1", known[token], token));
    if ((known[token] == 1) == (drafts[token] >= 0)) continue;
    refuse(fmt::format("tensor 't2d' says that the draft {} token {} of the target, and 'd2t' that it {}",
                       known[token] == 1 ? "knows" : "does not know", token,
                       known[token] == 1 ? "does not" : "does"));
  }
  return tokens;
}

}  // namespace speclab
