#include "core/models/tokenizer/tokenizer_config.h"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/errors.h"
#include "tests/support/temporary_folder.h"

namespace speclab {
namespace {

using nlohmann::json;

class TokenizerConfigTest : public testing::Test {
 protected:
  TokenizerConfig beside(const json& config, const json& map = json()) const {
    if (!config.is_null()) std::ofstream(folder_.path() / "tokenizer_config.json") << config;
    if (!map.is_null()) std::ofstream(folder_.path() / "special_tokens_map.json") << map;
    return TokenizerConfig::beside(folder_.path() / "tokenizer.json");
  }
  std::string remarks(const json& config, const json& map = json()) const {
    return fmt::format("{}", fmt::join(beside(config, map).remarks, "\n"));
  }

  TemporaryFolder folder_;
};

// What transformers' tokenization_utils_base.py and tokenization_utils_tokenizers.py store (4.57, 5.24).
TEST_F(TokenizerConfigTest, KeysThatAreStoredHaveAFate) {
  const json config = {{"bos_token", "<s>"},
                       {"eos_token", "</s>"},
                       {"unk_token", "<unk>"},
                       {"sep_token", "<sep>"},
                       {"pad_token", "<pad>"},
                       {"cls_token", "<cls>"},
                       {"mask_token", "<mask>"},
                       {"additional_special_tokens", {"<x>"}},
                       {"extra_special_tokens", {{"image_token", "<i>"}}},
                       {"add_bos_token", true},
                       {"add_eos_token", false},
                       {"added_tokens_decoder", json::object()},
                       {"model_max_length", 4096},
                       {"padding_side", "left"},
                       {"truncation_side", "left"},
                       {"chat_template", "{{ messages }}"},
                       {"model_input_names", {"input_ids"}},
                       {"clean_up_tokenization_spaces", true},
                       {"spaces_between_special_tokens", false},
                       {"tokenizer_class", "LlamaTokenizerFast"},
                       {"processor_class", "P"},
                       {"auto_map", json::object()},
                       {"name_or_path", "n"},
                       {"special_tokens_map_file", "f"},
                       {"tokenizer_file", "f"},
                       {"legacy", true},
                       {"sp_model_kwargs", json::object()},
                       {"backend", "tokenizers"},
                       {"is_local", true},
                       {"use_default_system_prompt", true}};
  json map = json::object();
  for (const char* key : {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token",
                          "mask_token", "additional_special_tokens"})
    map[key] = config[key];
  EXPECT_EQ(remarks(config, map), "");
}

TEST_F(TokenizerConfigTest, KeysThatAreNotFollowedAreSaid) {
  for (const char* key : {"add_prefix_space", "split_special_tokens", "do_lower_case"}) {
    EXPECT_NE(remarks({{key, true}}).find(key), std::string::npos) << key;
    EXPECT_EQ(remarks({{key, false}}), "") << key;
  }
}

TEST_F(TokenizerConfigTest, UnknownKeysAreNamedInBothFiles) {
  EXPECT_NE(remarks({{"surprise", 1}}).find("surprise"), std::string::npos);
  EXPECT_NE(remarks(json::object(), {{"add_bos_token", true}}).find("add_bos_token"), std::string::npos)
      << "a key of tokenizer_config.json, and none of special_tokens_map.json";
}

TEST_F(TokenizerConfigTest, TheMapSaysWhatTheConfigDoesNot) {
  const TokenizerConfig by_map = beside({{"add_bos_token", true}}, {{"bos_token", {{"content", "<s>"}}}});
  ASSERT_EQ(by_map.bos.size(), 1u);
  EXPECT_EQ(by_map.bos[0].text, "<s>");
  EXPECT_EQ(by_map.bos[0].files, "special_tokens_map.json");
  const TokenizerConfig both = beside({{"bos_token", "<t>"}, {"eos_token", "</s>"}},
                                      {{"bos_token", "<s>"}, {"eos_token", {{"content", "</s>"}}}});
  ASSERT_EQ(both.bos.size(), 2u);
  EXPECT_EQ(both.bos[0].text, "<t>");
  EXPECT_EQ(both.bos[1].text, "<s>");
  ASSERT_EQ(both.eos.size(), 1u);
  EXPECT_EQ(both.eos[0].files, "tokenizer_config.json and special_tokens_map.json");
  EXPECT_THROW(beside({{"add_bos_token", "yes"}}), ConfigError);
}

TEST_F(TokenizerConfigTest, AddedTokensAreReadFromBothFiles) {
  std::ofstream(folder_.path() / "added_tokens.json") << R"({"<x>": 7, "<y>": 0})";
  const TokenizerConfig config = beside({{"added_tokens_decoder", {{"9", {{"content", "<x>"}}}}}});
  ASSERT_EQ(config.added.size(), 3u);
  EXPECT_EQ(config.added[0].file, "tokenizer_config.json");
  EXPECT_EQ(config.added[0].token, 9);
  EXPECT_EQ(config.added[1].file, "added_tokens.json");
  EXPECT_EQ(config.added[1].text, "<x>");
  EXPECT_EQ(config.added[1].token, 7);
  for (const char* wrong :
       {R"({"<x>": "7"})", R"({"<x>": -1})", R"({"<x>": 1e3})", R"({"<x>": 99999999})", "[]"}) {
    std::ofstream(folder_.path() / "added_tokens.json") << wrong;
    EXPECT_THROW(beside({}), ConfigError) << wrong;
  }
}

}  // namespace
}  // namespace speclab
