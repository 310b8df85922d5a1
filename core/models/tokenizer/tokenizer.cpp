#include "core/models/tokenizer/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/errors.h"
#include "core/models/checkpoint/missing_tokenizer.h"
#include "core/settings/json_text.h"
#include "core/settings/text_file.h"
#include "core/settings/utf8.h"

namespace speclab {
namespace {

template <class Made>
auto made(const Component& file, std::string_view name, Made make) -> decltype(make(file)) {
  const std::optional<Component> component = file.optional_part(name);
  return component ? make(*component) : nullptr;
}

// A model of another kind says it all: whatever the other components are, they belong to it.
const Component& of_bpe(const Component& file) {
  file.know({"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
             "post_processor", "decoder", "model"});
  const Component model = file.part("model");
  if (!model.has("type") || model.type() == "BPE") return file;
  model.refuse(
      fmt::format("type '{}' is not supported; supported is BPE, byte-pair encoding, which the Llama, "
                  "Mistral and Qwen families "
                  "have (Unigram is SentencePiece's, of T5 and its like, WordPiece BERT's)",
                  model.type()));
}

}  // namespace

Tokenizer Tokenizer::load(const std::filesystem::path& tokenizer_json) {
  require_tokenizer(tokenizer_json);
  const nlohmann::json json = parse_json(read_text_file(tokenizer_json), tokenizer_json.string());
  Tokenizer tokenizer(Component(json, tokenizer_json.string(), ""));
  tokenizer.compare_with(TokenizerConfig::beside(tokenizer_json));
  return tokenizer;
}

Tokenizer::Tokenizer(const Component& file)
    : normalizer_(made(of_bpe(file), "normalizer", make_normalizer)),
      pre_tokenizer_(made(file, "pre_tokenizer", make_pre_tokenizer)),
      bpe_(file.part("model")),
      added_(file, bpe_.vocabulary(), normalizer_),
      post_processor_(made(file, "post_processor", make_post_processor)),
      decoder_(made(file, "decoder", make_token_decoder)),
      vocabulary_(bpe_.vocabulary()) {
  for (const char* setting : {"truncation", "padding"}) {
    if (!file.has(setting)) continue;
    remarks_.push_back(fmt::format(
        "tokenizer.json's {} is left out, as engines do: it is for batches of training", setting));
  }
  for (const AddedToken& added : added_.all()) {
    if (vocabulary_.id(added.content) == added.token) continue;
    if (!vocabulary_.add(added.content, added.token)) {
      file.refuse(fmt::format("added_tokens: '{}' has id {}, which is '{}' in the model's vocabulary",
                              added.content, added.token, vocabulary_.piece(added.token)));
    }
  }
  fingerprint_ = vocabulary_.fingerprint();
  if (!post_processor_) return;
  constexpr Token kText = -1;
  before_ = {kText};
  post_processor_(before_);
  after_.assign(std::ranges::find(before_, kText) + 1, before_.end());
  before_.erase(std::ranges::find(before_, kText), before_.end());
}

void Tokenizer::compare_with(const TokenizerConfig& config) {
  if (!config.bos.empty()) bos_ = vocabulary_.id(config.bos.front().text);
  named_beginnings_ = config.bos;
  named_ends_ = config.eos;
  const auto said = [&](const char* key, const std::optional<bool>& wanted, const std::vector<Token>& put,
                        std::string_view instead) {
    if (!wanted || *wanted != put.empty()) return;
    remarks_.push_back(
        fmt::format("tokenizer_config.json says {} = {}, but the post-processor of tokenizer.json {}: done "
                    "is what the latter says, "
                    "as transformers 5 does, while transformers 4 follows the former in the tokenizers of "
                    "some families{}",
                    key, *wanted, put.empty() ? "puts no such token" : "puts such a token", instead));
  };
  said("add_bos_token", config.add_bos, before_, "; workload.add_bos chooses");
  said("add_eos_token", config.add_eos, after_, "");
  for (const auto& [file, content, token] : config.added) {
    const std::optional<Token> own = vocabulary_.id(content);
    if (own == token) continue;
    remarks_.push_back(
        fmt::format("{} has the added token '{}' as {}, tokenizer.json {}", file, content, token,
                    own ? fmt::format("as {}: it is the latter", *own) : "has not: it is left out"));
  }
  remarks_.insert(remarks_.end(), config.remarks.begin(), config.remarks.end());
}

std::vector<Token> Tokenizer::encode(std::string_view text, bool add_special_tokens) const {
  return encode_and_count(text, add_special_tokens).tokens;
}

Tokenizer::Encoded Tokenizer::encode_and_count(std::string_view text, bool add_special_tokens) const {
  std::string repaired;
  if (!valid_utf8(text)) text = repaired = replace_invalid_utf8(text);
  Encoded made;
  Words words;
  MatchSteps steps(text.size());
  for (const AddedSpan& span : added_.split(text, false)) {
    if (span.token) {
      made.tokens.push_back(*span.token);
    } else {
      encode_plain(text.substr(span.begin, span.end - span.begin), span.begin == 0, steps, words, made);
    }
  }
  if (add_special_tokens && post_processor_) post_processor_(made.tokens);
  return made;
}

void Tokenizer::encode_plain(std::string_view text, bool at_start, MatchSteps& steps, Words& words,
                             Encoded& made) const {
  Piece piece{std::string(text), at_start, &steps};
  if (normalizer_) normalizer_(piece);
  for (const AddedSpan& span : added_.split(piece.text, true)) {
    if (span.token) {
      made.tokens.push_back(*span.token);
    } else {
      encode_words({piece.text.substr(span.begin, span.end - span.begin), piece.at_start && span.begin == 0,
                    piece.steps},
                   words, made);
    }
  }
}

void Tokenizer::encode_words(Piece piece, Words& words, Encoded& made) const {
  std::vector<Piece> pieces{std::move(piece)};
  if (pre_tokenizer_) pre_tokenizer_(pieces);
  for (Piece& word : pieces) {
    const auto [known, fresh] = words.try_emplace(std::move(word.text));
    Encoded& one = known->second;
    if (fresh) one.unknown = bpe_.encode(known->first, one.tokens);
    made.tokens.insert(made.tokens.end(), one.tokens.begin(), one.tokens.end());
    made.unknown += one.unknown;
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
