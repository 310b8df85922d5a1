// Prices of [price], as a user meets them.
#include <gtest/gtest.h>

#include "core/hdf5.h"
#include "tests/cli/speclab.h"
#include "tests/support/temporary_folder.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

class CliPricing : public testing::Test {
 protected:
  void SetUp() override {
    fs::current_path(folder_.path());
    write("c.toml", R"(experiment = "c"
target.kind = "hashed"
drafter.kind = "agreement"
clock.kind = "analytic"
workload.requests = 2
workload.prompt_tokens = 10
workload.max_new_tokens = 20
price.device = "h100-sxm"
price.target = "llama-3.1-8b"
price.draft = "llama-3.2-1b"
)");
  }
  void TearDown() override { fs::current_path(home_); }

  static Ended run(const std::vector<std::string>& settings) {
    std::vector<std::string> arguments{"run", "c.toml"};
    for (const std::string& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
    return speclab(arguments);
  }
  // What /provenance has under that name, of the only point of the only experiment.
  static std::string fact(const std::string& name) {
    for (const fs::directory_entry& entry : fs::directory_iterator("results/c"))
      if (entry.path().extension() == ".h5")
        return Hdf5File::open(entry.path()).get("/provenance", name).get<std::string>();
    return "no file";
  }

 private:
  fs::path home_ = fs::current_path();
  TemporaryFolder folder_;
};

TEST_F(CliPricing, TheFileSaysHowFarPricesMayBeOff) {
  ASSERT_EQ(run({}).status, 0);
  EXPECT_EQ(fact("priced_error").substr(0, 44), "3 % on the products of up to 128 tokens, 8 %");
}

TEST_F(CliPricing, AMixturesErrorIsNamed) {
  ASSERT_EQ(run({"price.device=t4", "price.target=mixtral-8x7b"}).status, 0);
  EXPECT_EQ(
      fact("priced_error"),
      "10 to 25 % expected, because nothing was fitted to this device; mixtures of experts were off by 8 "
      "to 19 %");
}

TEST_F(CliPricing, GivenCostsHaveNoErrorToState) {
  write("c.toml", "experiment = \"c\"\n" + kSynthetic);
  ASSERT_EQ(run({}).status, 0);
  EXPECT_EQ(fact("priced_error"), "none can be stated: the costs are given");
}

}  // namespace
}  // namespace speclab
