// Prices from passes that are timed before a point's first run, as a user meets them.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "core/results/hdf5.h"
#include "core/results/result_rows.h"
#include "tests/cli/speclab.h"
#include "tests/support/temporary_folder.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

class CliCalibrated : public testing::Test {
 protected:
  void SetUp() override {
    fs::current_path(folder_.path());
    write("c.toml", R"(experiment = "c"
target.kind = "hashed"
draft.kind = "hashed"
sampling.temperature = 0
workload.requests = 3
workload.batch = 2
workload.prompt_tokens = 10
workload.max_new_tokens = 20
clock.repeats = 1
price.kind = "calibrated"
)");
  }
  void TearDown() override { fs::current_path(home_); }

  // The times of each point, as one text.
  static std::vector<std::vector<TimedPassRecord>> tables() {
    std::vector<std::vector<TimedPassRecord>> found;
    const Hdf5File file = Hdf5File::open("results/c.h5");
    for (const std::string& key : file.children("point"))
      found.push_back(file.read<TimedPassRecord>("/point/" + key + "/timed_passes"));
    return found;
  }

 private:
  fs::path home_ = fs::current_path();
  TemporaryFolder folder_;
};

TEST_F(CliCalibrated, PricesSayWhichPassesWereTimedAndWhere) {
  const Ended ended = speclab({"run", "c.toml"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_NE(ended.out.find("priced:   as passes of 1 to 128 tokens timed on "), std::string::npos)
      << ended.out;
  EXPECT_NE(ended.out.find("(2 at once, 19 cached)"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("  priced\n"), std::string::npos) << ended.out;
}

TEST_F(CliCalibrated, PointsOfASweepShareTheTimes) {
  const Ended ended = speclab({"sweep", "c.toml", "--set", "topology.length=2,3"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  const auto points = tables();
  ASSERT_EQ(points.size(), 2u);
  std::map<int, std::vector<int>> sizes;
  ASSERT_EQ(points[0].size(), points[1].size());
  for (std::size_t i = 0; i < points[0].size(); ++i) {
    const TimedPassRecord &a = points[0][i], &b = points[1][i];
    sizes[a.actor].push_back(a.new_tokens);
    EXPECT_EQ(a.context, 19);
    EXPECT_GT(a.seconds, 0);
    EXPECT_LE(a.lower, a.seconds);
    EXPECT_GE(a.upper, a.seconds);
    EXPECT_EQ(a.seconds, b.seconds) << "timed again";
  }
  const std::vector<int> expected{1, 2, 4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 96, 128};
  EXPECT_EQ(sizes, (std::map<int, std::vector<int>>{{1, expected}, {2, expected}}));
}

TEST_F(CliCalibrated, AnotherBatchIsTimedByItself) {
  const Ended ended = speclab({"sweep", "c.toml", "--set", "workload.batch=1,3"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  std::set<int> largest;
  for (const auto& table : tables()) largest.insert(table.back().new_tokens);
  EXPECT_EQ(largest, (std::set<int>{64, 192}));
}

TEST_F(CliCalibrated, TreesMayBeChosenByThePrices) {
  const Ended ended = speclab({"run", "c.toml", "--set", "topology.kind=adaptive", "--set",
                               "topology.schedule=goodput", "--set", "topology.most=3"});
  EXPECT_EQ(ended.status, 0) << ended.err;
}

TEST_F(CliCalibrated, ADraftThatAPointMakesForItselfIsTimedToo) {
  const Ended ended = speclab({"run", "c.toml", "--set", "drafter.kind=agreement"});
  EXPECT_EQ(ended.status, 0) << ended.err;
}

}  // namespace
}  // namespace speclab
