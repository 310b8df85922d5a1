#include "core/models/vocabulary.h"

#include "core/fnv1a.h"

namespace speclab {

bool Vocabulary::add(std::string_view piece, Token token) {
  if (token < 0 || token >= kMostTokens || has(token)) return false;
  if (!ids_.emplace(piece, token).second) return false;
  if (token >= end()) pieces_.resize(static_cast<std::size_t>(token) + 1);
  pieces_[static_cast<std::size_t>(token)] = piece;
  return true;
}

std::optional<Token> Vocabulary::id(std::string_view piece) const {
  const auto found = ids_.find(piece);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

bool Vocabulary::has(Token token) const {
  return token >= 0 && token < end() && pieces_[static_cast<std::size_t>(token)].has_value();
}

std::string_view Vocabulary::piece(Token token) const {
  if (!has(token)) return {};
  return *pieces_[static_cast<std::size_t>(token)];
}

std::uint64_t Vocabulary::fingerprint() const {
  Fnv1a hash;
  for (Token token = 0; token < end(); ++token) {
    if (!has(token)) continue;
    hash.add(static_cast<std::uint64_t>(token));
    hash.add(std::uint64_t{piece(token).size()});
    hash.add(piece(token));
  }
  return hash.value();
}

}  // namespace speclab
