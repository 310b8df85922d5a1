#include <gtest/gtest.h>

#include <string>

#include "tests/cli/speclab.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_heads.h"
#include "tests/support/tiny_models.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

// Models that share a tokenizer of 521 tokens, with rows of so many.
class PaddedVocabulary : public testing::TestWithParam<std::pair<int, int>> {
 protected:
  void SetUp() override { fs::current_path(folder_.path()); }
  void TearDown() override { fs::current_path(home_); }

 private:
  fs::path home_ = fs::current_path();
  TemporaryFolder folder_;
};

// Rows from 600 on get scores so large that every other token drawn would be theirs.
void write_padded(const char* folder, int rows, std::uint64_t seed) {
  static int rows_now;
  static std::uint64_t seed_now;
  rows_now = rows;
  seed_now = seed;
  write_model(folder, "gpt2", [](LlamaConfig& config, std::vector<StoredTensor>& all) {
    config.vocab = rows_now;
    all = random_tensors(config, Dtype::f32, seed_now);
    StoredTensor& head = tensor(all, "lm_head.weight");
    auto* values = reinterpret_cast<float*>(head.bytes.data());
    for (int i = 600 * config.hidden; i < rows_now * config.hidden; ++i) values[i] *= 4;
  });
}

constexpr const char* kImpossible = "tokens from 600 on, of which the tokenizer has none, are impossible";

TEST_P(PaddedVocabulary, IsRunAsIfTheTokensWereNotThere) {
  const auto [target, draft] = GetParam();
  write_padded("target", target, 1);
  write_padded("draft", draft, 2);
  write("prompts.jsonl", "{\"text\": \"one two\"}\n{\"text\": \"three\"}\n");
  const std::string config =
      "target.path = \"target\"\ndraft.path = \"draft\"\n"
      "workload.prompts = \"prompts.jsonl\"\nworkload.max_new_tokens = 8\n"
      "clock.repeats = 1\n";
  write("greedy.toml", config + "sampling.temperature = 0\n");
  write("drawn.toml", config + "sampling.temperature = 1\n");
  for (const char* name : {"greedy.toml", "drawn.toml"}) {
    const Ended ended = speclab({"run", name});
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_NE(ended.err.find(kImpossible), std::string::npos) << ended.err;
  }
  const Ended certified = speclab({"certify", "greedy.toml"});
  EXPECT_EQ(certified.status, 0) << certified.out << certified.err;
}

// A draft without rows for some of the tokenizer's tokens is no padded draft.
TEST_P(PaddedVocabulary, IsRefusedWhereTokensOfTheTokenizerHaveNoRow) {
  write_padded("target", GetParam().first, 1);
  write_model("draft", "gpt2", [](LlamaConfig& config, std::vector<StoredTensor>& all) {
    config.vocab = 500;
    all = random_tensors(config, Dtype::f32, 2);
  });
  write("prompts.jsonl", "{\"text\": \"one two\"}\n");
  write("c.toml",
        "target.path = \"target\"\ndraft.path = \"draft\"\nworkload.prompts = \"prompts.jsonl\"\n"
        "workload.max_new_tokens = 4\nclock.repeats = 1\n");
  const Ended ended = speclab({"run", "c.toml"});
  EXPECT_EQ(ended.status, 3) << ended.err;
  EXPECT_NE(ended.err.find("500"), std::string::npos) << ended.err;
  EXPECT_EQ(ended.err.find("impossible"), std::string::npos) << ended.err;
}

TEST_P(PaddedVocabulary, IsCertifiedWhereTokensAreDrawn) {
  const auto [target, draft] = GetParam();
  write_padded("target", target, 1);
  write_padded("draft", draft, 2);
  std::string prompts;
  for (int i = 0; i < 16; ++i) prompts += "{\"text\": \"a" + std::to_string(i) + "\"}\n";
  write("prompts.jsonl", prompts);
  write("c.toml",
        "target.path = \"target\"\ndraft.path = \"draft\"\nsampling = { temperature = 1, top_k = 8 }\n"
        "workload = { prompts = \"prompts.jsonl\", max_new_tokens = 20, batch = 16, ignore_eos = true }\n");
  const Ended drawn = speclab({"certify", "c.toml", "--tokens", "2000", "--distance", "0.1"});
  EXPECT_EQ(drawn.status, 0) << drawn.out << drawn.err;
  EXPECT_NE(drawn.out.find("LOSSLESS"), std::string::npos) << drawn.out;
}

TEST_P(PaddedVocabulary, OfHeadsIsRunAsIfTheTokensWereNotThere) {
  const auto [target, rows] = GetParam();
  write_padded("target", target, 1);
  LlamaConfig config = tiny_config("LlamaForCausalLM");
  config.vocab = rows;
  config.layers = 5;
  tiny_medusa(config, Dtype::f32, 2, 1).write("medusa");
  TinyHeads hydra = tiny_hydra(config, Dtype::f32, 2, 1);
  hydra.config["vocab_size"] = rows;
  hydra.write("hydra");
  tiny_eagle(config, Dtype::f32).write("eagle");
  write("prompts.jsonl", "{\"text\": \"one two\"}\n{\"text\": \"three\"}\n");
  write("c.toml",
        "target.path = \"target\"\nworkload.prompts = \"prompts.jsonl\"\nworkload.max_new_tokens = 8\n"
        "clock.repeats = 1\n");
  for (const std::string kind : {"medusa", "hydra", "eagle"}) {
    for (const char* temperature : {"0", "1"}) {
      const Ended ended =
          speclab({"run", "c.toml", "--set", "drafter.kind=" + kind, "--set", "drafter.path=" + kind, "--set",
                   std::string("sampling.temperature=") + temperature});
      EXPECT_EQ(ended.status, 0) << ended.err;
      EXPECT_NE(ended.err.find("the heads of " + kind + " of " + std::to_string(rows)), std::string::npos)
          << ended.err;
      EXPECT_NE(ended.err.find(kImpossible), std::string::npos) << ended.err;
    }
    const Ended certified = speclab({"certify", "c.toml", "--set", "sampling.temperature=0", "--set",
                                     "drafter.kind=" + kind, "--set", "drafter.path=" + kind});
    EXPECT_EQ(certified.status, 0) << certified.out << certified.err;
  }
  config.vocab = 500;  // fewer than the tokenizer has
  tiny_medusa(config, Dtype::f32, 2, 1).write("medusa");
  const Ended other =
      speclab({"run", "c.toml", "--set", "drafter.kind=medusa", "--set", "drafter.path=medusa"});
  EXPECT_EQ(other.status, 3) << other.err;
  EXPECT_NE(other.err.find("'vocab_size' is 500, but the target's is " + std::to_string(target)),
            std::string::npos)
      << other.err;
}

INSTANTIATE_TEST_SUITE_P(OfEither, PaddedVocabulary,
                         testing::Values(std::pair(640, 600), std::pair(600, 640)),
                         [](const auto& param) { return "target" + std::to_string(param.param.first); });

}  // namespace
}  // namespace speclab
