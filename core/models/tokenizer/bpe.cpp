#include "core/models/tokenizer/bpe.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <queue>

#include "core/errors.h"
#include "core/settings/utf8.h"

namespace speclab {
namespace {

std::uint64_t pair_key(Token left, Token right) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) |
         static_cast<std::uint32_t>(right);
}

void refuse_setting(const Component& model, std::string_view name) {
  if (model.has(name) && !model.text(name).empty()) {
    model.refuse(fmt::format("{} '{}' is not supported; only null is", name, model.text(name)));
  }
}

}  // namespace

Bpe::Bpe(const Component& model) {
  if (model.has("type") && model.type() != "BPE") model.refuse_type("BPE");
  model.know({"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
              "byte_fallback", "ignore_merges", "vocab", "merges"});
  refuse_setting(model, "continuing_subword_prefix");
  refuse_setting(model, "end_of_word_suffix");
  if (model.has("dropout") && model.part("dropout").json() != 0) {
    model.refuse("dropout is not supported; only null and 0 are");
  }
  if (model.has("unk_token")) unknown_ = model.text("unk_token");
  fuse_unknown_ = model.flag("fuse_unk", false);
  byte_fallback_ = model.flag("byte_fallback", false);
  ignore_merges_ = model.flag("ignore_merges", false);
  read_vocabulary(model);
  read_merges(model);
  for (std::size_t byte = 0; byte < bytes_.size(); ++byte) {
    bytes_[byte] = vocabulary_.id(fmt::format("<0x{:02X}>", byte));
  }
}

void Bpe::read_vocabulary(const Component& model) {
  const Component vocabulary = model.part("vocab");
  if (!vocabulary.json().is_object()) vocabulary.refuse("is not an object");
  for (const auto& [piece, token] : vocabulary.json().items()) {
    if (!token.is_number_unsigned() || token.get<std::uint64_t>() >= Vocabulary::kMaxTokens) {
      vocabulary.refuse(
          fmt::format("'{}' has id {}, not a number below {}", piece, token.dump(), Vocabulary::kMaxTokens));
    }
    if (!vocabulary_.add(piece, token.get<Token>())) {
      vocabulary.refuse(fmt::format("id {} belongs to two pieces, '{}' and '{}'", token.dump(),
                                    vocabulary_.piece(token.get<Token>()), piece));
    }
  }
}

void Bpe::read_merges(const Component& model) {
  std::uint32_t rank = 0;
  for (const Component& merge : model.parts("merges")) {
    const nlohmann::json& json = merge.json();
    if (json.is_array() && json.size() == 2 && json[0].is_string() && json[1].is_string()) {
      add_merge(merge, json[0].get_ref<const std::string&>(), json[1].get_ref<const std::string&>(), rank++);
      continue;
    }
    if (!json.is_string()) merge.refuse("is neither \"a b\" nor [\"a\", \"b\"]");
    const std::string_view text = json.get_ref<const std::string&>();
    if (text.starts_with("#version")) continue;
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
      merge.refuse(fmt::format("'{}' is not two pieces with a space between", text));
    }
    add_merge(merge, text.substr(0, space), text.substr(space + 1), rank++);
  }
}

void Bpe::add_merge(const Component& merge, std::string_view left, std::string_view right,
                    std::uint32_t rank) {
  const auto known = [&](std::string_view piece) {
    const std::optional<Token> token = vocabulary_.id(piece);
    if (!token) merge.refuse(fmt::format("'{}' is not in the vocabulary", piece));
    return *token;
  };
  const std::uint64_t key = pair_key(known(left), known(right));
  merges_[key] = {rank, known(fmt::format("{}{}", left, right))};
}

int Bpe::encode(std::string_view word, std::vector<Token>& tokens) const {
  if (ignore_merges_) {
    if (const std::optional<Token> whole = vocabulary_.id(word)) {
      tokens.push_back(*whole);
      return 0;
    }
  }
  int without = 0;
  std::vector<Token> symbols = characters(word, without);
  if (symbols.size() > 1) merge(symbols);
  tokens.insert(tokens.end(), symbols.begin(), symbols.end());
  return without;
}

std::vector<Token> Bpe::characters(std::string_view word, int& without) const {
  std::vector<Token> tokens;
  tokens.reserve(word.size());
  bool pending = false;  // an unknown that may still be fused; bytes overtake it, as in the reference
  const auto flush = [&] {
    if (pending) tokens.push_back(unknown());
    pending = false;
  };
  for (std::size_t at = 0; at < word.size(); at += character_size(word[at])) {
    const std::string_view character = word.substr(at, character_size(word[at]));
    if (const std::optional<Token> token = vocabulary_.id(character)) {
      flush();
      tokens.push_back(*token);
    } else if (!byte_fallback_ || !append_bytes(character, tokens)) {
      ++without;
      if (!unknown_) continue;
      if (!fuse_unknown_) flush();
      pending = true;
    }
  }
  flush();
  return tokens;
}

bool Bpe::append_bytes(std::string_view character, std::vector<Token>& tokens) const {
  const std::size_t before = tokens.size();
  for (const char c : character) {
    const std::optional<Token> byte = bytes_[static_cast<unsigned char>(c)];
    if (!byte) {
      tokens.resize(before);
      return false;
    }
    tokens.push_back(*byte);
  }
  return true;
}

Token Bpe::unknown() const {
  const std::optional<Token> token = vocabulary_.id(*unknown_);
  if (!token) {
    throw ConfigError(fmt::format(
        "the text needs the tokenizer's unk_token '{}', which is not in its vocabulary", *unknown_));
  }
  return *token;
}

const Bpe::Merge* Bpe::merge_of(Token left, Token right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

void Bpe::merge(std::vector<Token>& tokens) const {
  struct Link {
    int previous = 0;
    int next = 0;
    bool merged_away = false;
  };
  struct Candidate {
    std::uint32_t rank = 0;
    int left = 0;  // position of the pair's left token
    Token merged = 0;
    bool operator<(const Candidate& other) const {  // the queue's top: lowest rank, then leftmost
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };
  const int size = static_cast<int>(tokens.size());
  std::vector<Link> links(tokens.size());
  std::priority_queue<Candidate> queue;
  const auto token = [&](int i) -> Token& { return tokens[i]; };
  const auto link = [&](int i) -> Link& { return links[i]; };
  const auto consider = [&](int left, int right) {
    if (left < 0 || right >= size) return;
    if (const Merge* found = merge_of(token(left), token(right)))
      queue.push({found->rank, left, found->merged});
  };
  for (int i = 0; i < size; ++i) {
    link(i) = {i - 1, i + 1, false};
    consider(i, i + 1);
  }
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    const int right = link(best.left).next;
    if (link(best.left).merged_away || right >= size) continue;
    const Merge* now = merge_of(token(best.left), token(right));
    if (now == nullptr || now->merged != best.merged) continue;  // a neighbour changed meanwhile
    token(best.left) = best.merged;
    link(right).merged_away = true;
    link(best.left).next = link(right).next;
    if (link(right).next < size) link(link(right).next).previous = best.left;
    consider(link(best.left).previous, best.left);
    consider(best.left, link(best.left).next);
  }
  std::size_t kept = 0;
  for (int i = 0; i < size; i = link(i).next) tokens[kept++] = token(i);
  tokens.resize(kept);
}

}  // namespace speclab
