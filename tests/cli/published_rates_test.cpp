// Acceptance rates in every form in which they are published, through the whole program.
#include <gtest/gtest.h>

#include "core/results/hdf5.h"
#include "tests/cli/speclab.h"
#include "tests/support/temporary_folder.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

class PublishedRates : public testing::Test {
 protected:
  void SetUp() override { fs::current_path(folder_.path()); }
  void TearDown() override { fs::current_path(home_); }

  // The acceptance that a point records; of one run with these lines in its config, or these --set.
  static std::vector<double> recorded(const std::string& config, const std::vector<std::string>& sets) {
    fs::remove_all("r");
    write("c.toml", "experiment = \"c\"\n" + kSynthetic +
                        "workload.requests = 1\nworkload.max_new_tokens = 4\n" + config);
    std::vector<std::string> arguments{"run", "c.toml", "-o", "r"};
    for (const std::string& set : sets) arguments.insert(arguments.end(), {"--set", set});
    const Ended ended = speclab(arguments);
    EXPECT_EQ(ended.status, 0) << ended.err;
    for (const auto& entry : fs::recursive_directory_iterator("r")) {
      if (entry.path().extension() != ".h5") continue;
      const nlohmann::json rates = Hdf5File::open(entry.path()).get("/settings", "drafter.acceptance");
      return rates.is_array() ? rates.get<std::vector<double>>() : std::vector{rates.get<double>()};
    }
    return {};
  }

 private:
  fs::path home_ = fs::current_path();
  TemporaryFolder folder_;
};

void expect_near(const std::vector<double>& found, const std::vector<double>& right) {
  ASSERT_EQ(found.size(), right.size());
  for (std::size_t i = 0; i < right.size(); ++i) EXPECT_NEAR(found[i], right[i], 0.0005) << i;
}

// vLLM's rates by position: each divided by the one before.
const std::vector<double> kConditional{0.844, 0.7097, 0.6427, 0.7039};

TEST_F(PublishedRates, ByPosition) {
  expect_near(recorded("drafter.joint_acceptance = [0.844, 0.599, 0.385, 0.271]\n", {}), kConditional);
  for (const char* name :
       {"joint_acceptance", "per_position_acceptance_rates", "synthetic_acceptance_rates"}) {
    expect_near(recorded("", {std::string("drafter.") + name + "=[.844, .599, .385, .271]"}), kConditional);
  }
}

TEST_F(PublishedRates, AsShareOfWhatWasDrafted) {
  expect_near(recorded("drafter.accepted_share = 0.73\ndrafter.at_length = 5\n", {}), {0.897});
  expect_near(recorded("", {"drafter.draft_acceptance_rate=.73", "drafter.at_length=5"}), {0.897});
}

TEST_F(PublishedRates, AsTokensOfAStep) {
  // 1 + a + ... + a^4 at a = 3/4.
  expect_near(recorded("drafter.tokens_per_step = 3.05078125\ndrafter.at_length = 4\n", {}), {0.75});
  expect_near(recorded("", {"drafter.tau=3.05078125", "drafter.at_length=4"}), {0.75});
}

TEST_F(PublishedRates, ThatCannotBeAreOneLine) {
  write("c.toml", "experiment = \"c\"\n" + kSynthetic);
  const Ended rising = speclab({"run", "c.toml", "--set", "drafter.joint_acceptance=[0.5, 0.6]"});
  EXPECT_EQ(rising.status, 3);
  EXPECT_EQ(lines(rising.err), 1u) << rising.err;
  EXPECT_NE(rising.err.find("0.6 follows 0.5"), std::string::npos) << rising.err;
  const Ended text = speclab({"run", "c.toml", "--set", "drafter.joint_acceptance=[\"a\"]"});
  EXPECT_EQ(text.status, 3);
  EXPECT_EQ(text.err.find("(--set)"), text.err.rfind("(--set)")) << text.err;
}

}  // namespace
}  // namespace speclab
