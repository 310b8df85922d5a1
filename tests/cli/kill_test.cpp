// A sweep that is killed or interrupted at any moment and run again gives what an undisturbed one gives.
#include <csignal>
#include <random>

#include "core/results/hdf5_recorder.h"
#include "tests/cli/sweeps.h"

namespace speclab {
namespace {

using std::chrono::milliseconds;

// 40 points, each of some 30 ms.
const std::string kSweep = R"(experiment = "e"
target.kind = "markov"
target.vocab = 64
drafter.kind = "agreement"
clock.kind = "analytic"
price.kind = "constant"
workload.requests = 6
workload.max_new_tokens = 100
sampling.temperature = 1
[sweep]
topology.length = [1, 2, 3, 4, 5, 6, 7, 8]
sampling.seed = [0, 1, 2, 3, 4]
)";

class Kill : public SweepTest {
 protected:
  void SetUp() override {
    SweepTest::SetUp();
    write("c.toml", kSweep);
    const Ended ended = sweep("whole");
    ASSERT_EQ(ended.status, 0) << ended.err;
    ASSERT_NE(ended.err.find("40 points ran, 0 were there already"), std::string::npos) << ended.err;
  }

  // Whatever lies there under its last name is whole.
  static int whole_points() {
    int count = 0;
    if (!std::filesystem::exists("cut/e")) return 0;
    for (const auto& file : files("cut/e")) {
      if (file.extension() != ".h5") continue;
      EXPECT_TRUE(point_status(file)) << file;
      ++count;
    }
    return count;
  }

  static void expect_complete() {
    EXPECT_EQ(whole_points(), 40);
    for (const auto& file : files("cut/e")) EXPECT_EQ(file.extension(), ".h5") << file;
    expect_same_facts("whole/e.h5", "cut/e.h5");
  }
};

// Some kills come while the sweep is read and begun, others a little after some points were finished.
TEST_F(Kill, AtAnyMomentLosesOnlyUnfinishedPoints) {
  std::mt19937 chance(20260727);
  const auto any = [&](int min, int max) { return std::uniform_int_distribution<int>(min, max)(chance); };
  int kills = 0, points = 0;
  for (Ended ended; ended.status != 0;) {
    const std::string once_said = kills < 4 ? "" : std::to_string(any(1, 7)) + "/";
    ended = sweep("cut", {}, {.strike = Strike{SIGKILL, once_said, milliseconds(any(0, 60))}});
    ASSERT_TRUE(ended.status == 0 || ended.signal == SIGKILL) << ended.err;
    kills += ended.signal == SIGKILL ? 1 : 0;
    const int now = whole_points();
    EXPECT_GE(now, points) << "a finished point is gone";
    points = now;
  }
  EXPECT_GE(kills, 6);
  expect_complete();
}

TEST_F(Kill, WhileMerging) {
  for (const int wait : {0, 5, 10, 20, 40, 80, 160}) {
    std::filesystem::remove_all("cut");
    std::filesystem::copy("whole", "cut", std::filesystem::copy_options::recursive);
    std::filesystem::remove(files("cut/e").front());
    const Ended ended = sweep("cut", {}, {.strike = Strike{SIGKILL, "1/1", milliseconds(wait)}});
    EXPECT_EQ(whole_points(), 40) << ended.err;
    expect_same_facts("whole/e.h5", "cut/e.h5");  // the earlier one or the new one, never a part
    ASSERT_EQ(sweep("cut").status, 0);
    expect_complete();
    EXPECT_EQ(files("cut").size(), 2u) << "the points and the merged file";
  }
}

TEST_F(Kill, InterruptEndsAtAStepAndSaysSo) {
  const Ended ended = sweep("cut", {}, {.strike = Strike{SIGINT, "5/40"}});
  EXPECT_EQ(ended.status, 130) << ended.err;
  EXPECT_TRUE(ended.err.ends_with(
      "speclab: interrupted; finished points are kept, run the same command again to go on\n"))
      << ended.err;
  const int points = whole_points();
  EXPECT_GE(points, 5);
  EXPECT_LT(points, 40);
  const Ended again = sweep("cut");
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_NE(again.err.find(std::to_string(points) + " were there already"), std::string::npos) << again.err;
  expect_complete();
}

TEST_F(Kill, NoneAndTheNumberOfThreadsChangesNothing) {
  ASSERT_EQ(sweep("cut", {"--jobs", "1"}).status, 0);
  expect_complete();
  std::filesystem::remove_all("cut");
  ASSERT_EQ(sweep("cut", {"--jobs", "2"}).status, 0);
  expect_complete();
}

}  // namespace
}  // namespace speclab
