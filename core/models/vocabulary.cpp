#include "core/models/vocabulary.h"

namespace speclab {
namespace {

// FNV-1a, 64 bits.
class Fingerprint {
 public:
  void byte(unsigned char value) { hash_ = (hash_ ^ value) * 0x100000001B3u; }
  void number(std::uint64_t value) {
    for (int i = 0; i < 8; ++i) byte(static_cast<unsigned char>(value >> (8 * i)));
  }
  void text(std::string_view value) {
    number(value.size());
    for (const char c : value) byte(static_cast<unsigned char>(c));
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325u;
};

}  // namespace

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
  Fingerprint print;
  for (Token token = 0; token < end(); ++token) {
    if (!has(token)) continue;
    print.number(static_cast<std::uint64_t>(token));
    print.text(piece(token));
  }
  return print.value();
}

}  // namespace speclab
