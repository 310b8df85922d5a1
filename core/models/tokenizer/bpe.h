#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/models/tokenizer/component.h"
#include "core/models/tokenizer/vocabulary.h"

namespace speclab {

// Byte-pair encoding: a word's characters, merged pair by pair in the order of the merges' ranks.
class Bpe {
 public:
  // The "model" of a tokenizer.json; ConfigError if it is malformed or not supported.
  explicit Bpe(const Component& model);

  // Appends the word's tokens. Time grows with n log n. How many of its characters have none: they are the
  // unknown piece, or where there is none left out.
  int encode(std::string_view word, std::vector<Token>& tokens) const;
  const std::optional<std::string>& unknown_piece() const { return unknown_; }
  const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  struct Merge {
    std::uint32_t rank = 0;  // lower merges first
    Token merged = 0;
  };

  void read_vocabulary(const Component& model);
  void read_merges(const Component& model);
  void add_merge(const Component& merge, std::string_view left, std::string_view right, std::uint32_t rank);
  std::vector<Token> characters(std::string_view word, int& without) const;
  bool append_bytes(std::string_view character, std::vector<Token>& tokens) const;
  Token unknown() const;
  void merge(std::vector<Token>& tokens) const;
  const Merge* merge_of(Token left, Token right) const;

  Vocabulary vocabulary_;
  std::unordered_map<std::uint64_t, Merge> merges_;  // by the pair of tokens
  std::array<std::optional<Token>, 256> bytes_;      // <0x00> to <0xFF>
  std::optional<std::string> unknown_;               // as the file names it; may be in no vocabulary
  bool fuse_unknown_ = false;
  bool byte_fallback_ = false;
  bool ignore_merges_ = false;  // whole words of the vocabulary are one token
};

}  // namespace speclab
