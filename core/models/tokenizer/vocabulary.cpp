#include "core/models/tokenizer/vocabulary.h"

#include <algorithm>
#include <vector>

#include "core/numerics/fnv1a.h"

namespace speclab {

bool Vocabulary::add(std::string_view piece, Token token) {
  if (token < 0 || token >= kMaxTokens || has(token)) return false;
  if (!ids_.emplace(piece, token).second) return false;
  pieces_.emplace(token, piece);
  end_ = std::max(end_, token + 1);
  return true;
}

std::optional<Token> Vocabulary::id(std::string_view piece) const {
  const auto found = ids_.find(piece);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

bool Vocabulary::has(Token token) const { return pieces_.contains(token); }

std::string_view Vocabulary::piece(Token token) const {
  const auto found = pieces_.find(token);
  return found == pieces_.end() ? std::string_view() : found->second;
}

std::uint64_t Vocabulary::fingerprint() const {
  std::vector<Token> tokens;
  tokens.reserve(pieces_.size());
  for (const auto& [token, piece] : pieces_) tokens.push_back(token);
  std::ranges::sort(tokens);
  Fnv1a hash;
  for (const Token token : tokens) {
    hash.add(static_cast<std::uint64_t>(token));
    hash.add(std::uint64_t{piece(token).size()});
    hash.add(piece(token));
  }
  return hash.value();
}

}  // namespace speclab
