#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/models/tokenizer/component.h"
#include "core/models/tokenizer/normalizer.h"
#include "core/models/tokenizer/vocabulary.h"

namespace speclab {

struct AddedToken {
  std::string content;
  std::string piece;  // what it decodes to: the content, normalized if `normalized`
  Token token = 0;
  bool single_word = false;  // matches only where no word character adjoins
  bool lstrip = false;       // swallows the spaces before it
  bool rstrip = false;
  bool normalized = false;  // is looked for in the normalized text
  bool special = false;     // skipped when decoding if asked, unless the normalizer changes it
};

// A stretch of a text that is an added token, or lies between such.
struct AddedSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::optional<Token> token;
};

// Texts that are a token whatever the model thinks of them, like <|end_of_text|>.
class AddedTokens {
 public:
  // The "added_tokens" of the file. ConfigError if it is malformed or its ids are not the reference's.
  AddedTokens(const Component& file, const Vocabulary& model, const Normalizer& normalizer);

  // Non-empty stretches in order. Of tokens that begin at the same place the longest is taken.
  std::vector<AddedSpan> split(std::string_view text, bool normalized) const;

  const std::vector<AddedToken>& all() const { return tokens_; }
  bool special(Token token) const { return special_.contains(token); }
  const std::string* piece(Token token) const;  // null if it is not an added token

 private:
  // Finds the longest added token at a place.
  struct Trie {
    std::vector<std::optional<std::size_t>> ends =
        std::vector<std::optional<std::size_t>>(1);      // by node: a token's index
    std::unordered_map<std::size_t, std::size_t> edges;  // node * 256 + byte -> node
    bool add(std::string_view text, std::size_t index);  // false if the text is there
    std::optional<AddedSpan> longest(std::string_view text, std::size_t at, std::size_t& index) const;
  };

  Token expected_id(const AddedToken& token, const Vocabulary& model) const;
  bool beside_word(std::string_view text, std::size_t begin, std::size_t end) const;

  std::vector<AddedToken> tokens_;
  std::unordered_map<Token, std::size_t> by_token_;
  std::unordered_set<Token> special_;
  Trie raw_;
  Trie normalized_;
  Regex word_;
  Regex space_;
};

}  // namespace speclab
