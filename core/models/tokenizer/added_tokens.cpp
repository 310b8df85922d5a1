#include "core/models/tokenizer/added_tokens.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/settings/utf8.h"

namespace speclab {
namespace {

std::size_t character_before(std::string_view text, std::size_t at) {
  do {
    --at;
  } while ((static_cast<unsigned char>(text[at]) & 0xC0u) == 0x80u);
  return at;
}

AddedToken read(const Component& component) {
  component.know({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
  return {.content = component.text("content"),
          .piece = {},
          .token = component.count("id"),
          .single_word = component.flag("single_word"),
          .lstrip = component.flag("lstrip"),
          .rstrip = component.flag("rstrip"),
          .normalized = component.flag("normalized"),
          .special = component.flag("special")};
}

}  // namespace

bool AddedTokens::Trie::add(std::string_view text, std::size_t index) {
  std::size_t node = 0;
  for (const char c : text) {
    const auto [edge, added] = edges.emplace(node * 256 + static_cast<unsigned char>(c), ends.size());
    if (added) ends.emplace_back();
    node = edge->second;
  }
  if (ends[node]) return false;
  ends[node] = index;
  return true;
}

std::optional<AddedSpan> AddedTokens::Trie::longest(std::string_view text, std::size_t at,
                                                    std::size_t& index) const {
  std::optional<AddedSpan> found;
  std::size_t node = 0;
  for (std::size_t end = at; end < text.size();) {
    const auto edge = edges.find(node * 256 + static_cast<unsigned char>(text[end]));
    if (edge == edges.end()) break;
    node = edge->second;
    ++end;
    if (!ends[node]) continue;
    index = *ends[node];
    found = AddedSpan{at, end, std::nullopt};
  }
  return found;
}

AddedTokens::AddedTokens(const Component& file, const Vocabulary& model, const Normalizer& normalizer)
    : word_(Regex::compile("\\w", Dialect::rust)), space_(Regex::compile("\\s")) {
  if (!file.has("added_tokens")) return;
  std::size_t bytes = 0;
  for (const Component& component : file.parts("added_tokens")) bytes += component.text("content").size();
  MatchSteps steps(bytes);
  std::unordered_set<std::string> contents;
  for (const Component& component : file.parts("added_tokens")) {
    AddedToken token = read(component);
    if (token.content.empty()) continue;  // the reference ignores it too
    if (!contents.insert(token.content).second) {
      component.refuse(fmt::format("'{}' is already an added token", token.content));
    }
    const Token expected = expected_id(token, model);
    if (token.token != expected) {
      component.refuse(fmt::format("'{}' has id {} where Hugging Face's tokenizers would give it {}",
                                   token.content, token.token, expected));
    }
    Piece normal{token.content, true, &steps};
    if (token.normalized && normalizer) normalizer(normal);
    if (normal.text.empty()) component.refuse(fmt::format("'{}' is empty once normalized", token.content));
    token.piece = std::move(normal.text);
    // The reference asks whether the piece is a special token's content.
    if (token.special && token.piece == token.content) special_.insert(token.token);
    if (!(token.normalized ? normalized_ : raw_).add(token.piece, tokens_.size())) {
      component.refuse(
          fmt::format("'{}' is what another added token is too, once normalized", token.content));
    }
    by_token_.emplace(token.token, tokens_.size());
    tokens_.push_back(std::move(token));
  }
}

const std::string* AddedTokens::piece(Token token) const {
  const auto found = by_token_.find(token);
  return found == by_token_.end() ? nullptr : &tokens_[found->second].piece;
}

Token AddedTokens::expected_id(const AddedToken& token, const Vocabulary& model) const {
  if (const std::optional<Token> known = model.id(token.content)) return *known;
  Token next = static_cast<Token>(model.size());
  for (const AddedToken& earlier : tokens_) next = std::max(next, earlier.token + 1);
  return next;
}

bool AddedTokens::beside_word(std::string_view text, std::size_t begin, std::size_t end) const {
  return (begin > 0 && word_.matches_at_start(text.substr(character_before(text, begin)))) ||
         (end < text.size() && word_.matches_at_start(text.substr(end)));
}

std::vector<AddedSpan> AddedTokens::split(std::string_view text, bool normalized) const {
  const Trie& trie = normalized ? normalized_ : raw_;
  std::vector<AddedSpan> spans;
  std::size_t covered = 0;
  for (std::size_t at = 0; at < text.size() && !trie.edges.empty();) {
    std::size_t index = 0;
    const std::optional<AddedSpan> found = trie.longest(text, at, index);
    if (!found) {
      ++at;
      continue;
    }
    at = found->end;
    const AddedToken& token = tokens_[index];
    if (token.single_word && beside_word(text, found->begin, found->end)) continue;
    AddedSpan span{found->begin, found->end, token.token};
    while (token.lstrip && span.begin > covered) {
      const std::size_t before = character_before(text, span.begin);
      if (!space_.matches_at_start(text.substr(before))) break;
      span.begin = before;
    }
    while (token.rstrip && span.end < text.size() && space_.matches_at_start(text.substr(span.end))) {
      span.end = span.end + character_size(text[span.end]);
    }
    if (covered < span.begin) spans.push_back({covered, span.begin, std::nullopt});
    spans.push_back(span);
    covered = span.end;
  }
  if (covered < text.size()) spans.push_back({covered, text.size(), std::nullopt});
  return spans;
}

}  // namespace speclab
