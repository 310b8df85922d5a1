#include <gtest/gtest.h>

#include <string>

#include "tests/cli/speclab.h"
#include "tests/support/temporary_folder.h"
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

void write_padded(const char* folder, int rows, std::uint64_t seed) {
  static int rows_now;
  static std::uint64_t seed_now;
  rows_now = rows;
  seed_now = seed;
  write_model(folder, "gpt2", [](LlamaConfig& config, std::vector<StoredTensor>& all) {
    config.vocab = rows_now;
    all = random_tensors(config, Dtype::f32, seed_now);
  });
}

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
    EXPECT_NE(ended.err.find("tokens from 600 on, of which the tokenizer has none, are impossible"),
              std::string::npos)
        << ended.err;
  }
  const Ended certified = speclab({"certify", "greedy.toml"});
  EXPECT_EQ(certified.status, 0) << certified.out << certified.err;
}

INSTANTIATE_TEST_SUITE_P(OfEither, PaddedVocabulary,
                         testing::Values(std::pair(640, 600), std::pair(600, 640)),
                         [](const auto& param) { return "target" + std::to_string(param.param.first); });

}  // namespace
}  // namespace speclab
