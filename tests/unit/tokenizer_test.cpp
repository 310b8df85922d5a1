#include "core/models/tokenizer/tokenizer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/errors.h"
#include "core/models/tokenizer/vocabulary.h"
#include "tests/support/project_files.h"
#include "tests/support/temporary_folder.h"

namespace speclab {
namespace {

using nlohmann::json;

const std::filesystem::path kSource = project_files();
const std::filesystem::path kGoldens = kSource / "tests/data/tokenizer";

std::vector<json> lines_of(const std::filesystem::path& path) {
  std::ifstream stream(path);
  EXPECT_TRUE(stream.good()) << path;
  std::vector<json> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
  return lines;
}

// A file that lives as long as this object.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content)
      : path_(std::filesystem::path(testing::TempDir()) /
              fmt::format("speclab_{}_{}.json", getpid(), static_cast<const void*>(this))) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::filesystem::remove(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

Tokenizer load(const json& file) { return Tokenizer::load(TemporaryFile(file.dump()).path()); }

// Byte-pair encoding of "abc" and nothing else.
json tiny() {
  return {{"added_tokens", json::array()},
          {"model",
           {{"type", "BPE"}, {"vocab", {{"a", 0}, {"b", 1}, {"c", 2}, {"ab", 3}}}, {"merges", {"a b"}}}}};
}

json added_token(const std::string& content, Token token) {
  return {{"id", token},     {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", true}};
}

std::string complaint(const std::function<void()>& action) {
  try {
    action();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no ConfigError";
}

std::string complaint_about(const json& file) {
  return complaint([&] { load(file); });
}

class Family : public testing::TestWithParam<const char*> {
 protected:
  std::filesystem::path folder() const { return kGoldens / GetParam(); }
  Tokenizer tokenizer() const {
    const bool shipped = std::string_view(GetParam()) == "speclab";
    return Tokenizer::load((shipped ? kSource / "configs/models/speclab-target-11m" : folder()) /
                           "tokenizer.json");
  }
};

TEST_P(Family, EncodesAndDecodesAsHuggingFaceDoes) {
  const Tokenizer tokenizer = this->tokenizer();
  for (const json& line : lines_of(folder() / "golden.jsonl")) {
    const std::string text = line["text"];
    const std::vector<Token> tokens = line["ids"];
    EXPECT_EQ(tokenizer.encode(text, false), tokens) << text;
    EXPECT_EQ(tokenizer.decode(tokens, false), line["decoded"]) << text;
    EXPECT_EQ(tokenizer.decode(tokens, true), line.value("plain", line["decoded"].get<std::string>()))
        << text;
    if (line.contains("special")) {
      EXPECT_EQ(tokenizer.encode(text, true), line["special"].get<std::vector<Token>>()) << text;
    }
  }
}

TEST_P(Family, DecodesTokensCutAnywhereAsHuggingFaceDoes) {
  const Tokenizer tokenizer = this->tokenizer();
  for (const json& line : lines_of(folder() / "decode.jsonl")) {
    EXPECT_EQ(tokenizer.decode(line["ids"].get<std::vector<Token>>(), false), line["decoded"]) << line["ids"];
  }
}

INSTANTIATE_TEST_SUITE_P(Tokenizer, Family,
                         testing::Values("speclab", "llama3", "gpt2", "qwen2", "llama2", "llama2_unk",
                                         "mistral", "metaspace_legacy"),
                         [](const auto& family) { return std::string(family.param); });

TEST(Tokenizer, ComponentsDoWhatHuggingFaceDoes) {
  std::ifstream stream(kGoldens / "gpt2/tokenizer.json");
  json file = json::parse(stream);
  file["added_tokens"] = json::array();
  for (const json& line : lines_of(kGoldens / "components.jsonl")) {
    json changed = file;
    changed.update(line["components"]);
    SCOPED_TRACE(line["components"].dump());
    const Tokenizer tokenizer = load(changed);
    for (const json& one : line["cases"]) {
      const std::vector<Token> tokens = one["ids"];
      EXPECT_EQ(tokenizer.encode(one["text"].get<std::string>(), false), tokens) << one["text"];
      EXPECT_EQ(tokenizer.decode(tokens, true), one["decoded"]) << one["text"];
    }
  }
}

TEST(Tokenizer, KnowsItsPieces) {
  json file = tiny();
  file["added_tokens"] = {added_token("<s>", 4)};
  const Tokenizer tokenizer = load(file);
  EXPECT_EQ(tokenizer.vocab(), 5);
  EXPECT_EQ(tokenizer.piece(3), "ab");
  EXPECT_EQ(tokenizer.piece(4), "<s>");
  EXPECT_EQ(tokenizer.piece(5), "");
  EXPECT_EQ(tokenizer.id("<s>"), 4);
  EXPECT_EQ(tokenizer.id("abc"), std::nullopt);
  EXPECT_EQ(tokenizer.encode("ab<s>c", false), (std::vector<Token>{3, 4, 2}));
}

TEST(Tokenizer, CountsCharactersWithoutAToken) {
  json file = tiny();
  const auto unknown = [&](const std::string& text) {
    return load(file).encode_and_count(text, false).unknown;
  };
  EXPECT_EQ(unknown("ab c"), 1) << "the space";
  EXPECT_EQ(unknown("\u00e9\u2603\u2603 a"), 4) << "characters, not bytes; twice the same counts twice";
  file["model"]["vocab"]["<unk>"] = 4;
  file["model"]["unk_token"] = "<unk>";
  file["model"]["fuse_unk"] = true;
  EXPECT_EQ(unknown("\u00e9\u2603\u2603a"), 3) << "of one token";
  file["model"]["byte_fallback"] = true;
  EXPECT_EQ(unknown("\u00e9"), 1) << "without the bytes' tokens";
  file["model"]["vocab"]["<0xC3>"] = 5;
  file["model"]["vocab"]["<0xA9>"] = 6;
  EXPECT_EQ(unknown("\u00e9"), 0);
  EXPECT_EQ(load(file).encode_and_count("\u00e9", false).tokens, (std::vector<Token>{5, 6}));
}

TEST(Tokenizer, FingerprintTellsVocabulariesApart) {
  json renamed = tiny();
  renamed["model"]["vocab"].erase("c");
  renamed["model"]["vocab"]["d"] = 2;
  json normalized = tiny();
  normalized["normalizer"] = {{"type", "NFC"}};
  EXPECT_EQ(load(tiny()).fingerprint(), load(normalized).fingerprint());
  EXPECT_NE(load(tiny()).fingerprint(), load(renamed).fingerprint());
}

TEST(Tokenizer, ReadsBrokenUtf8AsReplacementCharacters) {
  json file = tiny();
  file["model"]["vocab"]["\uFFFD"] = 4;
  EXPECT_EQ(load(file).encode("a\xE2\x82"
                              "b\xFF",
                              false),
            (std::vector<Token>{0, 4, 1, 4}));
}

TEST(Tokenizer, MergesWordsOfAnyLengthInTime) {
  std::string text;
  for (int i = 0; i < 500'000; ++i) text += "ab";
  EXPECT_EQ(load(tiny()).encode(text, false), std::vector<Token>(500'000, 3));
}

TEST(Tokenizer, NamesTheFileThatIsMissingOrNotJson) {
  const std::string missing = complaint([] { Tokenizer::load("/nowhere/tokenizer.json"); });
  EXPECT_EQ(missing.find("/nowhere/tokenizer.json: there is no such file"), 0u) << missing;
  EXPECT_NE(missing.find("save_pretrained"), std::string::npos) << missing;
  const TemporaryFile broken("{\"model\":");
  EXPECT_NE(complaint([&] { Tokenizer::load(broken.path()); }).find(broken.path().string() + ": is not JSON"),
            std::string::npos);
}

TEST(Tokenizer, NamesTheComponentThatIsNotSupported) {
  const auto expect = [](const json& patch, const std::string& part) {
    json file = tiny();
    file.merge_patch(patch);
    const std::string said = complaint_about(file);
    EXPECT_NE(said.find(part), std::string::npos) << said;
  };
  expect({{"model", {{"type", "Unigram"}}}}, "model: type 'Unigram' is not supported; supported is BPE");
  expect({{"model", {{"dropout", 0.1}}}}, "model: dropout is not supported");
  expect({{"model", {{"end_of_word_suffix", "</w>"}}}}, "model: end_of_word_suffix '</w>' is not supported");
  expect({{"model", {{"merges", {"a d"}}}}}, "model.merges[0]: 'd' is not in the vocabulary");
  expect({{"model", {{"merges", {"b c"}}}}}, "model.merges[0]: 'bc' is not in the vocabulary");
  expect({{"model", {{"merges", {"a b c"}}}}}, "model.merges[0]: 'a b c' is not two pieces");
  expect({{"model", {{"vocab", {{"x", 3}}}}}}, "id 3 belongs to two pieces");
  expect({{"model", {{"vocab", {{"x", -1}}}}}}, "model.vocab: 'x' has id -1");
  expect({{"normalizer", {{"type", "Nmt"}}}}, "normalizer: type 'Nmt' is not supported; supported are NFC");
  expect({{"normalizer", json::array()}}, "normalizer: is array, not an object");
  expect({{"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", {{{"type", "BertPreTokenizer"}}}}}}},
         "pre_tokenizer.pretokenizers[0]: type 'BertPreTokenizer' is not supported");
  expect({{"pre_tokenizer", {{"type", "ByteLevel"}}}},
         "pre_tokenizer: 'add_prefix_space' (true or false) is missing");
  expect({{"pre_tokenizer",
           {{"type", "Split"}, {"pattern", {{"Regex", "(a"}}}, {"behavior", "Isolated"}, {"invert", false}}}},
         "pre_tokenizer.pattern: pattern '(a' cannot be compiled: missing closing parenthesis");
  expect({{"decoder", {{"type", "WordPiece"}}}}, "decoder: type 'WordPiece' is not supported");
  expect({{"post_processor", {{"type", "BertProcessing"}}}}, "post_processor: type 'BertProcessing'");
  expect({{"normalizer", {{"type", "Precompiled"}}}}, "SentencePiece's own table of characters");
  expect({{"normalizer", {{"type", "Precompiled"}}}, {"model", {{"type", "Unigram"}}}},
         "model: type 'Unigram'");
  expect({{"normalizer", {{"type", "NFC"}, {"strict", true}}}}, "normalizer: has the field 'strict'");
  expect({{"model", {{"cache", 1}}}}, "model: has the field 'cache'");
  expect({{"filters", 1}}, "has the field 'filters'");
  expect({{"added_tokens", {added_token("<s>", 7)}}},
         "'<s>' has id 7 where Hugging Face's tokenizers would give it 4");
}

TEST(Tokenizer, LeavesOutTruncationAndPadding) {
  json file = tiny();
  file["truncation"] = {{"max_length", 1}};
  file["padding"] = {{"strategy", "BatchLongest"}};
  const Tokenizer tokenizer = load(file);
  EXPECT_EQ(tokenizer.encode("abc", true), (std::vector<Token>{3, 2}));
  EXPECT_EQ(tokenizer.remarks().size(), 2u);
}

TEST(Tokenizer, BacktrackingWithoutEndIsNamed) {
  json file = tiny();
  file["pre_tokenizer"] = {
      {"type", "Split"}, {"pattern", {{"Regex", "(a+)+$"}}}, {"behavior", "Isolated"}, {"invert", false}};
  const std::string said = complaint([&] { load(file).encode(std::string(40, 'a') + "b", false); });
  EXPECT_NE(said.find("the tokenizer's pattern '(a+)+$' backtracks without end"), std::string::npos) << said;
}

// Each match and each word is within what one of them may take; the text has thousands.
TEST(Tokenizer, ManyExpensiveMatchesAreNamed) {
  const json expensive = {
      {"type", "Split"}, {"pattern", {{"Regex", "(a+)+c|."}}}, {"behavior", "Isolated"}, {"invert", false}};
  const json words = {
      {"type", "Split"}, {"pattern", {{"String", "b"}}}, {"behavior", "Isolated"}, {"invert", false}};
  std::string text;
  for (int i = 0; i < 3000; ++i) text += std::string(16, 'a') + "b";
  for (const json& step : {expensive, json{{"type", "Sequence"}, {"pretokenizers", {words, expensive}}}}) {
    json file = tiny();
    file["pre_tokenizer"] = step;
    const Tokenizer tokenizer = load(file);
    EXPECT_EQ(complaint([&] { tokenizer.encode(text.substr(0, 17), false); }), "no ConfigError");
    const std::string said = complaint([&] { tokenizer.encode(text, false); });
    EXPECT_NE(said.find("on a text of 51000 bytes: its matches may take"), std::string::npos) << said;
  }
}

// A run of a hundred thousand spaces is a match of as many steps, and no mistake.
TEST(Tokenizer, LongMatchesAreNoMistake) {
  json file = tiny();
  file["model"]["vocab"]["d"] = 4;
  file["pre_tokenizer"] = {{"type", "Split"},
                           {"pattern", {{"Regex", "\\s+(?!\\S)|\\s+|(?:a|b)+|\\w"}}},
                           {"behavior", "Isolated"},
                           {"invert", false}};
  std::string text;
  for (int i = 0; i < 10; ++i) text.append(100'000, ' ').append("d").append(100'000, 'a');
  EXPECT_EQ(load(file).encode(text, false).size(), 10u * 100'001u);
}

TEST(Tokenizer, TokensFarApartTakeNoRoom) {
  Vocabulary vocabulary;
  EXPECT_TRUE(vocabulary.add("a", Vocabulary::kMaxTokens - 1));
  EXPECT_TRUE(vocabulary.add("b", 7));
  EXPECT_FALSE(vocabulary.add("c", 7));
  EXPECT_FALSE(vocabulary.add("c", Vocabulary::kMaxTokens));
  EXPECT_FALSE(vocabulary.add("c", -1));
  EXPECT_EQ(vocabulary.end(), Vocabulary::kMaxTokens);
  EXPECT_EQ(vocabulary.piece(7), "b");
  EXPECT_EQ(vocabulary.piece(8), "");
  EXPECT_FALSE(vocabulary.has(8));
  const struct mallinfo2 before = mallinfo2();
  std::vector<Vocabulary> copies(32, vocabulary);
  const struct mallinfo2 after = mallinfo2();
  EXPECT_LT(after.uordblks + after.hblkhd, before.uordblks + before.hblkhd + (1u << 20));
}

TEST(Tokenizer, OtherKindsOfItAreNamedWhereItIsMissing) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "vocab.txt") << "a";
  const std::string said = complaint([&] { Tokenizer::load(folder.path() / "tokenizer.json"); });
  EXPECT_NE(
      said.find(": has a tokenizer as vocab.txt (WordPiece, which is not supported), but no tokenizer.json"),
      std::string::npos)
      << said;
}

TEST(Tokenizer, ReplacementsThatGrowWithoutEndAreNamed) {
  json steps = json::array();
  for (int i = 0; i < 40; ++i)
    steps.push_back(
        {{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", std::string(256, 'a')}});
  json normalized = tiny();
  normalized["normalizer"] = {{"type", "Sequence"}, {"normalizers", steps}};
  json decoded = tiny();
  decoded["decoder"] = {{"type", "Sequence"}, {"decoders", steps}};
  json split = tiny();
  const json bytes = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  split["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", json(40, bytes)}};
  for (const std::string& said : {complaint([&] { load(normalized).encode("a", false); }),
                                  complaint([&] { load(decoded).decode(std::vector<Token>{0}, false); }),
                                  complaint([&] { load(split).encode("\xC3\xA9", false); })}) {
    EXPECT_NE(said.find("replacements make more than 8 MiB"), std::string::npos) << said;
  }
}

TEST(Tokenizer, FollowsTokenizerJsonWhereItsConfigSaysOtherwise) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "tokenizer.json") << tiny().dump();
  std::ofstream(folder.path() / "tokenizer_config.json")
      << json{{"add_bos_token", true},
              {"bos_token", {{"content", "b"}}},
              {"add_prefix_space", true},
              {"model_max_length", 10},
              {"new_key", 1},
              {"added_tokens_decoder", {{"9", {{"content", "<x>"}}}}}};
  const Tokenizer tokenizer = Tokenizer::load(folder.path() / "tokenizer.json");
  EXPECT_EQ(tokenizer.encode("a", true), std::vector<Token>{0});
  EXPECT_EQ(tokenizer.bos(), 1);
  ASSERT_EQ(tokenizer.remarks().size(), 4u);
  EXPECT_NE(tokenizer.remarks()[0].find("add_bos_token = true"), std::string::npos);
  EXPECT_NE(tokenizer.remarks()[1].find("'<x>' as 9"), std::string::npos);
  EXPECT_NE(tokenizer.remarks()[2].find("'add_prefix_space' is true"), std::string::npos);
  EXPECT_NE(tokenizer.remarks()[3].find("'new_key'"), std::string::npos);
}

TEST(Tokenizer, RefusesAnyTruncatedFile) {
  const std::string whole = tiny().dump();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const TemporaryFile file(whole.substr(0, size));
    EXPECT_NE(complaint([&] { Tokenizer::load(file.path()); }), "no ConfigError") << size;
  }
}

}  // namespace
}  // namespace speclab
