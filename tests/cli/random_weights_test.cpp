// Models without weights, as a user runs them: priced as what they are, and corrected to any acceptance.
#include <gtest/gtest.h>

#include "tests/cli/speclab.h"
#include "tests/support/temporary_folder.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

class CliRandomWeights : public testing::Test {
 protected:
  void SetUp() override {
    fs::current_path(folder_.path());
    write("c.toml", R"(target.kind = "hashed"
topology.length = 3
sampling.temperature = 0
workload.requests = 1
workload.prompt_tokens = 4
workload.max_new_tokens = 8
workload.ignore_eos = true
clock.repeats = 1
price.device = "h100-sxm"
price.target = "llama-3.1-70b"
price.draft = "llama-3.1-8b"
)");
  }
  void TearDown() override { fs::current_path(home_); }

 private:
  fs::path home_ = fs::current_path();
  TemporaryFolder folder_;
};

TEST_F(CliRandomWeights, ArePricedAsTheirOwnShapes) {
  const Ended ended =
      speclab({"run", "c.toml", "--random-weights", "llama-68m,llama-68m", "--set", "drafter.kind=corrected",
               "--set", "drafter.of={ kind = \"model\" }", "--set", "drafter.acceptance=1"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_NE(ended.out.find("llama-68m, random weights / llama-68m, random weights"), std::string::npos)
      << ended.out;
  EXPECT_NE(ended.out.find("as llama-68m / llama-68m on"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("corrected chain        4.00"), std::string::npos) << ended.out;
}

TEST_F(CliRandomWeights, KeepThePriceThatIsAskedFor) {
  const Ended ended = speclab({"run", "c.toml", "--random-weights", "llama-68m", "--set",
                               "drafter.kind=oracle", "--set", "price.target=llama-2-7b"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_NE(ended.out.find("as Llama-2-7B"), std::string::npos) << ended.out;
}

}  // namespace
}  // namespace speclab
