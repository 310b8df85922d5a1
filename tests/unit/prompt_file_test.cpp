#include "experiments/point/prompt_file.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/errors.h"
#include "experiments/point/prompt_fit.h"
#include "tests/support/project_files.h"
#include "tests/support/temporary_folder.h"

namespace speclab {
namespace {

class Prompts : public testing::Test {
 protected:
  PromptFile read(const std::string& content, AddBos add_bos = AddBos::as_tokenizer) {
    const std::filesystem::path file = folder_.path() / name_;
    std::ofstream(file, std::ios::binary) << content;
    return read_prompts(file, tokenizer_, tokenizer_.vocab(), add_bos);
  }
  std::string complaint(const std::string& content) {
    try {
      read(content);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no ConfigError";
  }
  void expect_complaint(const std::string& content, const std::string& fragment) {
    const std::string said = complaint(content);
    EXPECT_NE(said.find(fragment), std::string::npos) << said;
  }
  std::vector<Token> encode(const std::string& text) const { return tokenizer_.encode(text, true); }

  TemporaryFolder folder_;
  std::string name_ = "p.jsonl";
  Tokenizer tokenizer_ =
      Tokenizer::load(project_files() / "configs/models/speclab-target-11m/tokenizer.json");
};

TEST_F(Prompts, BlankLinesOfAnyKindAndAnyLineEndsAreRead) {
  const PromptFile file = read(
      "\xEF\xBB\xBF{\"text\":\"a\"}\r\n\r\n \t\f\xC2\xA0\xE3\x80\x80\n{\"text\":\"d\"}\r{\"text\":\"e\"}");
  ASSERT_EQ(file.requests.size(), 3u);
  EXPECT_EQ(file.requests[1].prompt, encode("d"));
  EXPECT_EQ(file.requests[1].line, 4);
  EXPECT_EQ(file.requests[2].line, 5);
  EXPECT_TRUE(file.remarks.empty());
}

TEST_F(Prompts, WhatIsNotUtf8IsSaidToBe) {
  expect_complaint("{\"text\":\"a\"}\r\n{\"text\":\"\xFF\"}", "p.jsonl:2: is not UTF-8");
  expect_complaint(std::string("\xFF\xFE{\0\"\0", 6), "UTF-16");
  expect_complaint(std::string("{\0\"\0", 4), "UTF-16");
  expect_complaint(std::string("\0{\0\"", 4), "UTF-16");
}

// As each format's specification has it begin.
TEST_F(Prompts, WhatIsPackedIsSaidToBeAndHowToUnpackIt) {
  const std::vector<std::array<std::string, 3>> packed = {
      {std::string("\x1F\x8B\x08\0\0", 5), "compressed by gzip", "gzip -dc "},
      {"\x28\xB5\x2F\xFD\x04", "compressed by zstd", "zstd -dc "},
      {std::string("\xFD\x37zXZ\0", 6), "compressed by xz", "xz -dc "},
      {"BZh91AY", "compressed by bzip2", "bzip2 -dc "},
      {"PK\x03\x04\x14", "a zip archive", "unzip -p "},
      {"PAR1\x15", "a Parquet file", "pandas.read_parquet("}};
  for (const auto& [begin, name, unpack] : packed) {
    expect_complaint(begin, "p.jsonl: is " + name + ", not text; unpack it: ");
    expect_complaint(begin, unpack);
    expect_complaint(begin, " > prompts.jsonl");
  }
}

TEST_F(Prompts, TokensAndOtherNamesOfTextsAreRead) {
  const PromptFile file = read(
      "{\"tokens\":[5,6]}\n{\"prompt_token_ids\":[7]}\n{\"token_ids\":[8]}\n{\"prompt\":\"a\"}\n"
      "{\"prompt\":[9]}\n{\"question_id\":81,\"category\":\"writing\",\"turns\":[\"a\",\"b\"]}\n"
      "{\"question\":\"a\",\"text\":null}\n");
  ASSERT_EQ(file.requests.size(), 7u);
  EXPECT_EQ(file.requests[0].prompt, (std::vector<Token>{5, 6}));
  EXPECT_EQ(file.requests[1].prompt, std::vector<Token>{7});
  EXPECT_EQ(file.requests[2].prompt, std::vector<Token>{8});
  EXPECT_EQ(file.requests[3].prompt, encode("a"));
  EXPECT_EQ(file.requests[4].prompt, std::vector<Token>{9});
  EXPECT_EQ(file.requests[5].prompt, encode("a"));
  EXPECT_EQ(file.requests[5].label, "writing");
  EXPECT_EQ(file.requests[6].prompt, encode("a"));
  ASSERT_EQ(file.remarks.size(), 1u);
  EXPECT_NE(file.remarks[0].find("of the turns of 1 prompt the first alone"), std::string::npos);
}

TEST_F(Prompts, LinesThatAreNoPromptAreRefusedByPlace) {
  expect_complaint("{\"text\":\"a\",\"tokens\":[1]}", "p.jsonl:1: has \"text\" and \"tokens\"");
  expect_complaint("\n{\"tokens\":[1,4096]}", "p.jsonl:2: tokens[1] is 4096");
  expect_complaint("{\"tokens\":[-1]}", "tokens[0] is -1");
  expect_complaint("{\"tokens\":[1.5]}", "tokens[0] is 1.5");
  expect_complaint("{\"tokens\":[]}", "no tokens");
  expect_complaint("{\"text\":1}", "\"text\" is number");
  expect_complaint("[{\"text\":\"a\"}]", "is a JSON array");
  expect_complaint("{\"messages\":[]}", "is a chat");
  expect_complaint("{\"txt\":\"a\"}", "neither a text nor tokens");
  expect_complaint("{\"text\":\"a\",\"kind\":\"a\\u0000b\"}", "NUL");
  expect_complaint("{\"text\":" + std::string(70'000, '['), "levels deep");
}

TEST_F(Prompts, KeysThatAreNotReadAreNamedOnce) {
  const PromptFile file = read(
      "{\"text\":\"a\",\"max_tokens\":3,\"id\":1,\"source\":\"x\"}\n{\"text\":\"b\",\"max_tokens\":4}\n");
  ASSERT_EQ(file.remarks.size(), 1u);
  EXPECT_EQ(file.remarks[0].find("p.jsonl: not read in its lines: \"max_tokens\"; read are"), 0u)
      << file.remarks[0];
}

TEST_F(Prompts, LongKindsAreCutAndStayDistinct) {
  name_ = std::string(40, 'n') + ".jsonl";
  const std::string kind(33, 'k');
  const PromptFile file =
      read("{\"text\":\"a\"}\n{\"text\":\"a\",\"kind\":\"" + kind + "x\"}\n{\"text\":\"a\",\"kind\":\"" +
           kind + "y\"}\n{\"text\":\"a\",\"kind\":\"" + std::string(32, 'z') + "\"}\n");
  for (const Request& request : file.requests) EXPECT_LE(request.label.size(), 32u);
  EXPECT_EQ(file.requests[0].label.find(std::string(23, 'n') + "~"), 0u);
  EXPECT_NE(file.requests[1].label, file.requests[2].label);
  EXPECT_EQ(file.requests[3].label, std::string(32, 'z'));
  EXPECT_EQ(file.remarks.size(), 3u);
}

TEST_F(Prompts, ARenderedTemplateNeedNotBeginTwice) {
  ASSERT_EQ(tokenizer_.before().size(), 1u);
  const Token bos = tokenizer_.before().front();
  const std::string rendered = "{\"text\":\"<|begin_of_text|>hello\"}\n";
  const PromptFile twice = read(rendered);
  EXPECT_EQ(twice.requests[0].prompt[1], bos);
  ASSERT_EQ(twice.remarks.size(), 1u);
  EXPECT_NE(twice.remarks[0].find("p.jsonl:1 begins with <|begin_of_text|>"), std::string::npos);
  const PromptFile once = read(rendered, AddBos::no);
  EXPECT_EQ(once.requests[0].prompt[0], bos);
  EXPECT_NE(once.requests[0].prompt[1], bos);
  EXPECT_TRUE(once.remarks.empty());
}

TEST_F(Prompts, ABeginningIsKnownAsSuchAndPutWhereTheTokenizerLeavesItOut) {
  EXPECT_EQ(read("{\"text\":\"hello\"}\n").requests[0].leading, 1);
  EXPECT_EQ(read("{\"text\":\"hello\"}\n", AddBos::no).requests[0].leading, 0);
  EXPECT_EQ(read("{\"tokens\":[5,6]}\n").requests[0].leading, 0);
  const std::filesystem::path file = folder_.path() / "tokenizer.json";
  nlohmann::json bare = nlohmann::json::parse(
      std::ifstream(project_files() / "configs/models/speclab-target-11m/tokenizer.json"));
  bare["post_processor"] = nullptr;
  std::ofstream(file) << bare;
  std::ofstream(folder_.path() / "tokenizer_config.json") << R"({"bos_token": "<|begin_of_text|>"})";
  tokenizer_ = Tokenizer::load(file);
  ASSERT_TRUE(tokenizer_.before().empty());
  const std::vector<Token> plain = encode("hello");
  std::vector<Token> begun{tokenizer_.bos().value()};
  begun.insert(begun.end(), plain.begin(), plain.end());
  const PromptFile left_out = read("{\"text\":\"hello\"}\n"),
                   put = read("{\"text\":\"hello\"}\n", AddBos::yes);
  EXPECT_EQ(left_out.requests[0].prompt, plain);
  EXPECT_EQ(left_out.requests[0].leading, 0);
  EXPECT_EQ(put.requests[0].prompt, begun);
  EXPECT_EQ(put.requests[0].leading, 1);
}

TEST_F(Prompts, TokensAreOfModelAndTokenizerBoth) {
  const int known = tokenizer_.vocab();
  const auto refusal = [&](int vocab, const std::string& line) {
    const std::filesystem::path file = folder_.path() / "p.jsonl";
    std::ofstream(file) << line;
    try {
      read_prompts(file, tokenizer_, vocab, AddBos::no);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("no ConfigError");
  };
  const std::string last = "{\"tokens\":[" + std::to_string(known - 1) + "]}",
                    beyond = "{\"tokens\":[" + std::to_string(known) + "]}";
  EXPECT_EQ(refusal(known + 8, last), "no ConfigError");
  EXPECT_NE(refusal(known + 8, beyond).find("0 to " + std::to_string(known - 1)), std::string::npos);
  EXPECT_NE(refusal(known - 1, last).find("0 to " + std::to_string(known - 2)), std::string::npos);
  EXPECT_NE(refusal(3, "{\"text\":\"hello\"}").find("belongs to another model"), std::string::npos);
}

class Fit : public testing::Test {
 protected:
  Workload fitted(const std::string& too_long, int count = 0) {
    Workload made;
    made.max_new_tokens = 4;
    made.prompts = "p.jsonl";
    made.requests = {{{1, 2}, "a", 1, 1}, {{1, 2, 3, 4, 5, 6, 7, 8}, "a", 2, 1}, {{1, 3}, "a", 3, 1}};
    Params p("workload",
             too_long.empty() ? nlohmann::json::object() : nlohmann::json{{"too_long", too_long}});
    fit_prompts(made, p, {.positions = 8, .whose = "the target"}, count);
    return made;
  }
};

TEST_F(Fit, RefusesByLine) {
  try {
    fitted("");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("p.jsonl:2, a prompt of 8 tokens"), std::string::npos)
        << error.what();
  }
  EXPECT_EQ(fitted("", 1).requests.size(), 1u);
}

TEST_F(Fit, TakesAPromptThatFitsExactlyAndNoneThatIsOneLonger) {
  for (const int length : {4, 5}) {
    Workload made;
    made.max_new_tokens = 4;
    made.prompts = "p.jsonl";
    made.requests = {{std::vector<Token>(static_cast<std::size_t>(length), 1), "a", 1, 0}};
    Params p("workload");
    const auto fit = [&] { fit_prompts(made, p, {.positions = 8, .whose = "the target"}, 0); };
    if (length == 4) {
      EXPECT_NO_THROW(fit());
    } else {
      EXPECT_THROW(fit(), ConfigError);
    }
  }
}

TEST_F(Fit, SkipsAndSaysWhich) {
  const Workload made = fitted("skip", 2);
  ASSERT_EQ(made.requests.size(), 2u);
  EXPECT_EQ(made.requests[1].line, 3);
  EXPECT_EQ(made.remarks,
            std::vector<std::string>{
                "left out, too long for the 8 positions of the target: 1 prompt (p.jsonl, line 2)"});
  EXPECT_THROW(fitted("skip", 3), ConfigError);
}

TEST_F(Fit, CutsToTheLastTokensBehindTheBeginning) {
  const Workload made = fitted("cut");
  EXPECT_EQ(made.requests[1].prompt, (std::vector<Token>{1, 6, 7, 8}));
  EXPECT_EQ(made.requests[0].prompt, (std::vector<Token>{1, 2}));
  EXPECT_EQ(made.remarks.size(), 1u);
}

}  // namespace
}  // namespace speclab
