#include "experiments/point/prompt_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>

#include "core/errors.h"
#include "core/numerics/fnv1a.h"
#include "core/results/result_rows.h"
#include "core/settings/json_text.h"
#include "core/settings/text_file.h"
#include "core/settings/utf8.h"
#include "experiments/point/text_lines.h"

namespace speclab {
namespace {

using nlohmann::json;
using Names = std::span<const std::string_view>;

constexpr std::size_t kMaxLabel = std::tuple_size_v<decltype(SequenceRecord::label)>;

constexpr std::array<std::string_view, 3> kTexts = {"text", "prompt", "question"};
constexpr std::array<std::string_view, 4> kTokens = {"tokens", "token_ids", "prompt_token_ids", "input_ids"};
constexpr std::array<std::string_view, 1> kTurns = {"turns"};  // of MT-Bench and Spec-Bench
constexpr std::array<std::string_view, 2> kKinds = {"kind", "category"};
constexpr std::array<std::string_view, 3> kChats = {"messages", "conversations", "conversation"};
constexpr std::array<std::string_view, 4> kWithoutEffect = {"id", "question_id", "source", "reference"};
constexpr std::string_view kReadKeys =
    "\"text\" (or \"prompt\", \"question\", the first of \"turns\"), \"tokens\" (or \"token_ids\", "
    "\"prompt_token_ids\", \"input_ids\") and \"kind\" (or \"category\")";

// Of a label that is too long its beginning stays, and a hash of all of it.
std::string short_label(const std::string& label) {
  if (label.size() <= kMaxLabel) return label;
  Fnv1a hash;
  hash.add(std::string_view(label));
  const std::string tail = fmt::format("~{:08x}", static_cast<std::uint32_t>(hash.value()));
  std::size_t end = 0;
  while (end + character_size(label[end]) + tail.size() <= kMaxLabel) end += character_size(label[end]);
  return label.substr(0, end) + tail;
}

std::string label_of_file(const std::filesystem::path& file) {
  const std::string name = file.stem().string();
  return valid_utf8(name) ? name : replace_invalid_utf8(name);
}

// Reads lines one by one, and notes what is to be said of all together.
class Reader {
 public:
  Reader(const std::filesystem::path& file, const Tokenizer& tokenizer, int vocab, AddBos add_bos)
      : file_(file), tokenizer_(tokenizer), vocab_(vocab), add_bos_(add_bos), label_(label_of_file(file)) {}

  PromptFile read(const std::vector<TextLine>& lines) {
    PromptFile read;
    for (const TextLine& line : lines) read.requests.push_back(request(line));
    if (read.requests.empty()) throw ConfigError(file_.string() + ": there is no prompt in it");
    read.remarks = remarks();
    return read;
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw ConfigError(fmt::format("{}:{}: {}", file_.string(), line_, what));
  }

  json parse(const TextLine& line) const {
    try {
      return parse_json(line.text, fmt::format("{}:{}", file_.string(), line.number));
    } catch (const ConfigError& error) {
      throw ConfigError(std::string(error.what()) + "; a prompt is one JSON object on a line of its own");
    }
  }

  Request request(const TextLine& line) {
    line_ = line.number;
    const json object = parse(line);
    if (!object.is_object()) {
      refuse(
          fmt::format("is {}; a prompt is a JSON object, such as {{\"text\": \"...\"}}, on a line of its own",
                      object.is_array() ? "a JSON array" : "no JSON object"));
    }
    read_keys_.clear();
    Request made = prompt(object);
    made.line = line_;
    made.label = label(object);
    if (made.prompt.empty()) refuse("the prompt has no tokens");
    for (const auto& [key, value] : object.items()) {
      if (!value.is_null() && !read_keys_.contains(key) &&
          std::ranges::find(kWithoutEffect, key) == kWithoutEffect.end())
        unread_.insert(key);
    }
    return made;
  }

  // The one of the names that the object has; empty: none. A null is as good as nothing.
  std::string present(const json& object, Names names) {
    for (const std::string_view name : names) {
      const auto found = object.find(name);
      if (found == object.end() || found->is_null()) continue;
      read_keys_.emplace(name);
      return std::string(name);
    }
    return "";
  }

  Request prompt(const json& object) {
    std::vector<std::string> given;
    for (const Names names : {Names(kTexts), Names(kTokens), Names(kTurns)}) {
      for (const std::string_view& name : names)
        if (const std::string key = present(object, Names(&name, 1)); !key.empty()) given.push_back(key);
    }
    if (given.size() > 1)
      refuse(fmt::format("has \"{}\" and \"{}\"; a prompt is one of them", given[0], given[1]));
    if (given.empty()) {
      if (const std::string chat = present(object, kChats); !chat.empty()) {
        refuse(fmt::format(
            "\"{}\" is a chat, which each model writes in a template of its own; render it first, then "
            "give {{\"text\": ...}} with workload.add_bos = false, or {{\"tokens\": [...]}}",
            chat));
      }
      refuse(fmt::format("has neither a text nor tokens; of a line are read {}", kReadKeys));
    }
    const std::string& key = given.front();
    const json& value = object[key];
    if (key == "turns") return of_turns(value);
    if (value.is_string() && std::ranges::find(kTexts, key) != kTexts.end())
      return of_text(value.get_ref<const std::string&>());
    if (value.is_array() && key != "text" && key != "question") return of_tokens(key, value);
    refuse(fmt::format("\"{}\" is {}; a text is a string, and \"tokens\" are whole numbers in brackets", key,
                       value.type_name()));
  }

  Request of_turns(const json& turns) {
    if (!turns.is_array() || turns.empty() || !turns[0].is_string())
      refuse("\"turns\" is not a list of strings, the turns of a talk");
    if (turns.size() > 1) ++talks_;
    return of_text(turns[0].get_ref<const std::string&>());
  }

  Request of_tokens(const std::string& key, const json& tokens) const {
    const int known = std::min(vocab_, tokenizer_.vocab());
    Request made;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const json& token = tokens[i];
      if (!token.is_number_unsigned() || token.get<std::uint64_t>() >= static_cast<std::uint64_t>(known)) {
        refuse(fmt::format("{}[{}] is {}; the target's tokens are the whole numbers 0 to {}", key, i,
                           token.dump(), known - 1));
      }
      made.prompt.push_back(token.get<Token>());
    }
    return made;
  }

  Request of_text(const std::string& text) {
    Request made;
    try {
      Tokenizer::Encoded encoded = tokenizer_.encode_and_count(text, add_bos_ != AddBos::no);
      made.prompt = std::move(encoded.tokens);
      made.unknown = encoded.unknown;
    } catch (const ConfigError& error) {
      refuse(error.what());
    }
    if (!made.prompt.empty()) check_vocabulary(std::ranges::max(made.prompt));
    std::vector<Token> before = add_bos_ == AddBos::no ? std::vector<Token>() : tokenizer_.before();
    if (add_bos_ == AddBos::yes && before.empty()) {
      before = {tokenizer_.bos().value()};
      made.prompt.insert(made.prompt.begin(), before.front());
    }
    made.leading = static_cast<int>(before.size());
    if (before.empty()) return made;
    const auto text_begin = made.prompt.begin() + made.leading;
    if (std::ranges::equal(before, std::span(text_begin, made.prompt.end())
                                       .first(std::min(before.size(), made.prompt.size() - before.size())))) {
      if (twice_ == 0) first_twice_ = line_;
      ++twice_;
    }
    return made;
  }

  void check_vocabulary(Token largest) const {
    if (largest < vocab_) return;
    refuse(fmt::format(
        "the prompt has the token {}, but the target has a vocabulary of {}; its tokenizer.json belongs "
        "to another model",
        largest, vocab_));
  }

  std::string label(const json& object) {
    std::string label = label_;
    if (const std::string key = present(object, kKinds); !key.empty()) {
      if (!object[key].is_string())
        refuse(fmt::format("\"{}\" is {}, not a string", key, object[key].dump()));
      label = object[key].get<std::string>();
    }
    if (label.find('\0') != std::string::npos) refuse("the kind of text has a NUL in it");
    const std::string cut = short_label(label);
    if (cut != label) cut_labels_.emplace(label, cut);
    return cut;
  }

  std::vector<std::string> remarks() const {
    std::vector<std::string> said;
    const std::string name = file_.filename().string();
    if (!unread_.empty()) {
      said.push_back(fmt::format("{}: not read in its lines: \"{}\"; read are {}", name,
                                 fmt::join(unread_, "\", \""), kReadKeys));
    }
    if (talks_ > 0) {
      said.push_back(fmt::format("{}: of the turns of {} prompt{} the first alone is decoded", name, talks_,
                                 talks_ == 1 ? "" : "s"));
    }
    if (twice_ > 0) {
      said.push_back(fmt::format(
          "{}:{}{} begins with {} and gets it once more from the tokenizer, as engines do; workload.add_bos "
          "= "
          "false leaves that out",
          name, first_twice_, twice_ > 1 ? fmt::format(" (and {} more)", twice_ - 1) : "", beginning()));
    }
    for (const auto& [label, cut] : cut_labels_)
      said.push_back(fmt::format("{}: results call the kind \"{}\" \"{}\"", name, label, cut));
    return said;
  }

  std::string beginning() const {
    const std::vector<Token> tokens =
        tokenizer_.before().empty() ? std::vector<Token>{tokenizer_.bos().value()} : tokenizer_.before();
    std::string text;
    for (const Token token : tokens) text += tokenizer_.piece(token);
    return text;
  }

  const std::filesystem::path& file_;
  const Tokenizer& tokenizer_;
  int vocab_;
  AddBos add_bos_;
  std::string label_;  // of lines without one
  int line_ = 0;
  std::set<std::string> read_keys_;  // of the line
  std::set<std::string> unread_;     // of any line
  std::map<std::string, std::string> cut_labels_;
  int talks_ = 0;  // with turns that are left out
  int twice_ = 0;  // texts that begin with what is put before them
  int first_twice_ = 0;
};

}  // namespace

PromptFile read_prompts(const std::filesystem::path& file, const Tokenizer& tokenizer, int vocab,
                        AddBos add_bos) {
  const std::string text = read_text_file(file);
  return Reader(file, tokenizer, vocab, add_bos).read(lines_of_text(text, file));
}

std::string unknown_characters(const std::vector<Request>& requests, const Tokenizer& tokenizer,
                               const std::string& file) {
  const auto first = std::ranges::find_if(requests, [](const Request& r) { return r.unknown > 0; });
  if (first == requests.end()) return "";
  std::int64_t count = 0;
  for (const Request& request : requests) count += request.unknown;
  return fmt::format(
      "{}: {} character{} of its texts, the first in line {}, {} unknown to the target's "
      "tokenizer.json and {} {}",
      file, count, count == 1 ? "" : "s", first->line, count == 1 ? "is" : "are", count == 1 ? "was" : "were",
      tokenizer.unknown_piece() ? "read as " + *tokenizer.unknown_piece() : "left out");
}

}  // namespace speclab
