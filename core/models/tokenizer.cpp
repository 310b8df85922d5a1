#include "core/models/tokenizer.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/errors.h"
#include "core/models/utf8.h"

namespace speclab {
namespace {

template <class Made>
auto made(const Component& file, std::string_view name, Made make) -> decltype(make(file)) {
  const std::optional<Component> component = file.optional_part(name);
  return component ? make(*component) : nullptr;
}

void refuse_if_set(const Component& file, std::string_view name) {
  if (file.has(name)) file.refuse(fmt::format("'{}' is not supported; only null is", name));
}

}  // namespace

Tokenizer Tokenizer::load(const std::filesystem::path& tokenizer_json) {
  std::ifstream stream(tokenizer_json, std::ios::binary);
  if (!stream) throw ConfigError(fmt::format("{}: cannot be read", tokenizer_json.string()));
  nlohmann::json json;
  try {
    json = nlohmann::json::parse(stream);
  } catch (const nlohmann::json::exception& error) {
    throw ConfigError(fmt::format("{}: is not JSON: {}", tokenizer_json.string(), error.what()));
  }
  return Tokenizer(Component(json, tokenizer_json.string(), ""));
}

Tokenizer::Tokenizer(const Component& file)
    : normalizer_(made(file, "normalizer", make_normalizer)),
      pre_tokenizer_(made(file, "pre_tokenizer", make_pre_tokenizer)),
      bpe_(file.part("model")),
      added_(file, bpe_.vocabulary(), normalizer_),
      post_processor_(made(file, "post_processor", make_post_processor)),
      decoder_(made(file, "decoder", make_token_decoder)),
      vocabulary_(bpe_.vocabulary()) {
  refuse_if_set(file, "truncation");
  refuse_if_set(file, "padding");
  for (const AddedToken& added : added_.all()) {
    if (vocabulary_.id(added.content) == added.token) continue;
    if (!vocabulary_.add(added.content, added.token)) {
      file.refuse(fmt::format("added_tokens: '{}' has id {}, which is '{}' in the model's vocabulary",
                              added.content, added.token, vocabulary_.piece(added.token)));
    }
  }
  fingerprint_ = vocabulary_.fingerprint();
}

std::vector<Token> Tokenizer::encode(std::string_view text, bool add_special_tokens) const {
  std::string repaired;
  if (!valid_utf8(text)) text = repaired = replace_invalid_utf8(text);
  std::vector<Token> tokens;
  Words words;
  for (const AddedSpan& span : added_.split(text, false)) {
    if (span.token) {
      tokens.push_back(*span.token);
    } else {
      encode_plain(text.substr(span.begin, span.end - span.begin), span.begin == 0, words, tokens);
    }
  }
  if (add_special_tokens && post_processor_) post_processor_(tokens);
  return tokens;
}

void Tokenizer::encode_plain(std::string_view text, bool at_start, Words& words,
                             std::vector<Token>& tokens) const {
  Piece piece{std::string(text), at_start};
  if (normalizer_) normalizer_(piece);
  for (const AddedSpan& span : added_.split(piece.text, true)) {
    if (span.token) {
      tokens.push_back(*span.token);
    } else {
      encode_words({piece.text.substr(span.begin, span.end - span.begin), piece.at_start && span.begin == 0},
                   words, tokens);
    }
  }
}

void Tokenizer::encode_words(Piece piece, Words& words, std::vector<Token>& tokens) const {
  std::vector<Piece> pieces{std::move(piece)};
  if (pre_tokenizer_) pre_tokenizer_(pieces);
  for (Piece& word : pieces) {
    const auto [known, fresh] = words.try_emplace(std::move(word.text));
    if (fresh) bpe_.encode(known->first, known->second);
    tokens.insert(tokens.end(), known->second.begin(), known->second.end());
  }
}

std::string Tokenizer::decode(std::span<const Token> tokens, bool skip_special_tokens) const {
  std::vector<std::string> pieces;
  for (const Token token : tokens) {
    if (!vocabulary_.has(token) || (skip_special_tokens && added_.special(token))) continue;
    const std::string* added = added_.piece(token);
    pieces.emplace_back(added != nullptr ? *added : vocabulary_.piece(token));
  }
  if (!decoder_) return fmt::format("{}", fmt::join(pieces, " "));
  decoder_(pieces);
  return fmt::format("{}", fmt::join(pieces, ""));
}

}  // namespace speclab
