#include "experiments/point/special_tokens.h"

#include <fmt/format.h>

#include <algorithm>

namespace speclab {
namespace {

std::string pieces(const Tokenizer& tokenizer, const std::vector<Token>& tokens) {
  std::string all;
  for (const Token token : tokens) {
    const std::string_view piece = tokenizer.piece(token);
    all += fmt::format("{}{}", all.empty() ? "" : ", ", piece.empty() ? std::to_string(token) : piece);
  }
  return all;
}

// Those of the named tokens that are none of these.
std::vector<NamedToken> others(const Tokenizer& tokenizer, const std::vector<NamedToken>& named,
                               const std::vector<Token>& tokens) {
  std::vector<NamedToken> left = named;
  std::erase_if(left, [&](const NamedToken& one) {
    const std::optional<Token> token = tokenizer.id(one.text);
    return token && std::ranges::find(tokens, *token) != tokens.end();
  });
  return left;
}

}  // namespace

std::vector<std::string> other_beginnings(const Tokenizer& tokenizer) {
  const bool own = !tokenizer.before().empty();
  const std::vector<Token> put = own ? tokenizer.before() : std::vector<Token>{tokenizer.bos().value()};
  std::vector<std::string> said;
  for (const NamedToken& one : others(tokenizer, tokenizer.named_beginnings(), put)) {
    said.push_back(fmt::format("{}: bos_token is {}, but {} is put before texts, as {} says", one.files,
                               one.text, pieces(tokenizer, put),
                               own ? "tokenizer.json" : tokenizer.named_beginnings().front().files));
  }
  return said;
}

std::vector<std::string> other_ends(const Tokenizer& tokenizer, const std::vector<Token>& ends) {
  std::vector<std::string> said;
  for (const NamedToken& one : others(tokenizer, tokenizer.named_ends(), ends)) {
    const std::string instead =
        ends.empty() ? "config.json and generation_config.json name no token that does"
                     : fmt::format("config.json and generation_config.json name {}", pieces(tokenizer, ends));
    said.push_back(
        fmt::format("{}: eos_token is {}, but no text ends with it: {}", one.files, one.text, instead));
  }
  return said;
}

}  // namespace speclab
