// A measured sweep that is killed again and again after its first finished points, and merges that are
// killed, give what an undisturbed run gives: all that is in a file but measured times.
#include <csignal>
#include <random>

#include "analysis/point_file.h"
#include "core/results/hdf5_recorder.h"
#include "tests/cli/sweeps.h"

namespace speclab {
namespace {

using std::chrono::milliseconds;

// Points of some milliseconds each, four for a seed, which run one after another because they are measured.
const std::string kMeasured = R"(experiment = "e"
target.kind = "markov"
target.vocab = 32
drafter.kind = "agreement"
price.kind = "constant"
clock.repeats = 2
workload.requests = 2
workload.max_new_tokens = 24
sampling.temperature = 1
[sweep]
topology.length = [1, 2, 3, 4]
sampling.seed = [SEEDS]
)";

// What a run of the same settings gives on any machine.
std::string without_times(const std::filesystem::path& file) {
  std::string all;
  for (const LoadedPoint& point : load_points(file)) {
    all += point.key + " " + point.status + " " + point.signature + " " + point.baseline_signature + "\n";
    for (const auto& [name, value] : point.settings) all += name + "=" + value.dump() + " ";
    for (const RunTotals& run : point.runs) {
      all += "\nrun " + std::to_string(run.role()) + " " + std::to_string(run.repeat());
      for (const PromptTotals& p : run.prompts()) {
        for (const std::int64_t n : {p.steps, p.drafted, p.proposed, p.probes, p.accepted, p.emitted})
          all += " " + std::to_string(n);
        for (const std::int64_t n : p.by_accepted) all += " " + std::to_string(n);
        EXPECT_GT(p.measured, 0) << point.key;
      }
    }
    all += "\n";
  }
  return all;
}

class MeasuredKill : public SweepTest {
 protected:
  // Runs it undisturbed, with so many seeds.
  static void run_whole(int seeds) {
    std::string config = kMeasured, all;
    for (int seed = 0; seed < seeds; ++seed) all += (seed > 0 ? ", " : "") + std::to_string(seed);
    config.replace(config.find("SEEDS"), 5, all);
    write("c.toml", config);
    const Ended ended = sweep("whole");
    ASSERT_EQ(ended.status, 0) << ended.err;
    ASSERT_NE(ended.err.find(std::to_string(4 * seeds) + " points ran, 0 were there already"),
              std::string::npos)
        << ended.err;
  }

  static int whole_points() {
    int count = 0;
    for (const auto& file : files("cut/e")) {
      if (file.extension() != ".h5") continue;
      EXPECT_EQ(load_points(file).size(), 1u) << file;
      ++count;
    }
    return count;
  }

  static void expect_as_undisturbed() {
    for (const auto& file : files("cut/e")) EXPECT_EQ(file.extension(), ".h5") << file;
    EXPECT_EQ(without_times("cut/e.h5") == without_times("whole/e.h5"), true);
  }
};

// Each of a hundred runs ends one or more points before it is killed.
TEST_F(MeasuredKill, AHundredTimesAfterItsFirstPoints) {
  run_whole(60);
  std::mt19937 chance(20261128);
  const auto any = [&](int min, int max) { return std::uniform_int_distribution<int>(min, max)(chance); };
  int points = 0;
  for (int kill = 0; kill < 100; ++kill) {
    const Ended ended = sweep("cut", {}, {.strike = Strike{SIGKILL, "1/", milliseconds(any(0, 4))}});
    ASSERT_EQ(ended.signal, SIGKILL) << "after " << points << " points of 240: " << ended.err;
    const int now = whole_points();
    EXPECT_GT(now, points) << "each run had finished a point";
    points = now;
  }
  EXPECT_LT(points, 240);
  const Ended ended = sweep("cut");
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_NE(ended.err.find(std::to_string(points) + " were there already"), std::string::npos) << ended.err;
  expect_as_undisturbed();
}

// One point is made anew, so that the merged file is replaced. Half of the kills come at any moment of the
// merge, half as soon as its file is begun.
TEST_F(MeasuredKill, ThirtyTimesInsideAMerge) {
  run_whole(20);
  std::filesystem::copy("whole", "cut", std::filesystem::copy_options::recursive);
  const std::string before = without_times("whole/e.h5");
  std::mt19937 chance(20261128);
  int inside = 0, max = 64;
  for (int tries = 0; inside < 30; ++tries) {
    ASSERT_LT(tries, 300) << "only " << inside << " kills came before the merge was over";
    std::filesystem::remove(files("cut/e").front());
    Strike strike{SIGKILL, "merging"};
    if (inside % 2 == 0) {
      strike.after = milliseconds(std::uniform_int_distribution<int>(0, max)(chance));
    } else {
      strike.once_written = "cut";
    }
    const Ended ended = sweep("cut", {}, {.strike = strike});
    if (ended.signal == SIGKILL) {
      ++inside;
    } else {
      max = std::max(1, max * 3 / 4);  // it is over sooner
    }
    EXPECT_EQ(whole_points(), 80) << ended.err;
    EXPECT_EQ(without_times("cut/e.h5") == before, true) << "the earlier one or the new one, never a part";
  }
  ASSERT_EQ(sweep("cut").status, 0);
  expect_as_undisturbed();
  EXPECT_EQ(files("cut").size(), 2u) << "the points and the merged file";
}

}  // namespace
}  // namespace speclab
