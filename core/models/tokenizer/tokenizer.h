#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/models/tokenizer/added_tokens.h"
#include "core/models/tokenizer/bpe.h"
#include "core/models/tokenizer/normalizer.h"
#include "core/models/tokenizer/post_processor.h"
#include "core/models/tokenizer/pre_tokenizer.h"
#include "core/models/tokenizer/token_decoder.h"
#include "core/models/tokenizer/tokenizer_config.h"
#include "core/models/tokenizer/vocabulary.h"

namespace speclab {

// Text to tokens and back, as Hugging Face's tokenizers library does it. Safe to share among threads.
class Tokenizer {
 public:
  // Of the files beside it that TokenizerConfig reads the begin-of-text token is taken; what they say
  // otherwise than tokenizer.json, which alone decides, is in remarks. ConfigError if the file is missing,
  // malformed, or asks for what is not supported.
  static Tokenizer load(const std::filesystem::path& tokenizer_json);

  // Bytes that are not UTF-8 are read as U+FFFD. ConfigError where a pattern or a replacement gets out of
  // hand.
  std::vector<Token> encode(std::string_view text, bool add_special_tokens) const;
  struct Encoded {
    std::vector<Token> tokens;
    int unknown = 0;  // characters without a token: they are unknown_piece(), or where there is none left out
  };
  Encoded encode_and_count(std::string_view text, bool add_special_tokens) const;
  // Tokens that no piece belongs to are skipped.
  std::string decode(std::span<const Token> tokens, bool skip_special_tokens) const;

  int vocab() const { return vocabulary_.end(); }  // one more than the largest token
  std::string_view piece(Token token) const { return vocabulary_.piece(token); }  // empty if there is none
  std::optional<Token> id(std::string_view piece) const { return vocabulary_.id(piece); }
  // What encode puts before a text with special tokens.
  const std::vector<Token>& before() const { return before_; }
  const std::optional<std::string>& unknown_piece() const { return bpe_.unknown_piece(); }
  // As tokenizer_config.json names it, or where that does not special_tokens_map.json, where it is known.
  std::optional<Token> bos() const { return bos_; }
  // All that the files beside it name, as TokenizerConfig has them.
  const std::vector<NamedToken>& named_beginnings() const { return named_beginnings_; }
  const std::vector<NamedToken>& named_ends() const { return named_ends_; }
  const std::vector<std::string>& remarks() const { return remarks_; }  // as Provenance has them
  // A hash of the vocabulary: models whose tokenizers' are equal can speculate for each other.
  std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  using Words = std::unordered_map<std::string, Encoded>;  // of one text, already encoded

  explicit Tokenizer(const Component& file);
  void compare_with(const TokenizerConfig& config);
  void encode_plain(std::string_view text, bool at_start, MatchSteps& steps, Words& words,
                    Encoded& made) const;
  void encode_words(Piece piece, Words& words, Encoded& made) const;

  Normalizer normalizer_;       // empty: none
  PreTokenizer pre_tokenizer_;  // empty: none
  Bpe bpe_;
  AddedTokens added_;
  PostProcessor post_processor_;       // empty: none
  TokenDecoder decoder_;               // empty: pieces are joined by spaces
  Vocabulary vocabulary_;              // the model's and the added tokens
  std::vector<Token> before_, after_;  // what encode puts around a text
  std::optional<Token> bos_;
  std::vector<NamedToken> named_beginnings_, named_ends_;
  std::vector<std::string> remarks_;
  std::uint64_t fingerprint_ = 0;
};

}  // namespace speclab
