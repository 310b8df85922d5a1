#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/token_tree.h"

namespace speclab {

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

// Pieces of text and their tokens, one to one.
class Vocabulary {
 public:
  static constexpr Token kMaxTokens = 1 << 22;

  // False, and nothing changes, if the token is out of range or it or the piece is taken.
  bool add(std::string_view piece, Token token);

  std::optional<Token> id(std::string_view piece) const;
  bool has(Token token) const;
  std::string_view piece(Token token) const;  // empty if there is none

  std::size_t size() const { return ids_.size(); }
  int end() const { return end_; }    // one more than the largest token
  std::uint64_t fingerprint() const;  // equal for equal vocabularies, on any machine

 private:
  std::unordered_map<Token, std::string> pieces_;  // tokens may have wide gaps
  int end_ = 0;
  std::unordered_map<std::string, Token, StringHash, std::equal_to<>> ids_;
};

}  // namespace speclab
