#include "core/results/hdf5_recorder.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

#include "analysis/merge.h"
#include "analysis/point_file.h"
#include "analysis/result_files.h"
#include "core/errors.h"
#include "tests/support/synthetic_points.h"
#include "tests/support/temporary_folder.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

fs::path record(const SyntheticPoint& point, const fs::path& results) {
  record_synthetic(point, "test", results);
  return point_path(results, settings_of(point, "test"));
}

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

int files_in(const fs::path& folder) {
  return static_cast<int>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(PointSettings, KeyIsStableAndSeesEverySetting) {
  const PointSettings point{"any", {{"a.k", 4}, {"b", "x"}}};
  EXPECT_EQ(point.name(), "4a456054cbcf810f");  // results of earlier versions are found by it
  EXPECT_EQ(point.key(), (PointSettings{"other", {{"b", "x"}, {"a.k", 4}}}).key());
  EXPECT_NE(point.key(), (PointSettings{"any", {{"a.k", 5}, {"b", "x"}}}).key());
  EXPECT_NE(point.key(), (PointSettings{"any", {{"a.k", "4"}, {"b", "x"}}}).key());
}

TEST(Hdf5File, AttributesKeepTheirTypes) {
  Hdf5File file = Hdf5File::in_memory("types");
  const std::map<std::string, nlohmann::json> values = {
      {"int", -3},          {"large", 18446744073709551615u},
      {"real", 0.1},        {"flag", true},
      {"text", "größe"},    {"empty", ""},
      {"array", {3, 2, 1}}, {"object", {{"a", 1}}}};
  for (const auto& [name, value] : values) file.set("/", name, value);
  EXPECT_EQ(file.attributes("/"), values);
}

TEST(Hdf5Recorder, CountsModeTalliesWhatStepsModeRecords) {
  const TemporaryFolder folder;
  SyntheticPoint point;
  const LoadedPoint steps = load_points(record(point, folder.path() / "a")).at(0);
  point.record = RecordMode::counts;
  const LoadedPoint counts = load_points(record(point, folder.path() / "b")).at(0);
  ASSERT_EQ(steps.runs.size(), 6u);
  ASSERT_EQ(counts.runs.size(), 6u);
  EXPECT_EQ(steps.settings, counts.settings);
  EXPECT_EQ(steps.signature, counts.signature);
  for (std::size_t i = 0; i < steps.runs.size(); ++i) {
    const RunTotals &a = steps.runs[i], &b = counts.runs[i];
    EXPECT_EQ(a.role(), b.role());
    EXPECT_EQ(a.repeat(), b.repeat());
    EXPECT_EQ(a.prompts(), b.prompts());
    ASSERT_EQ(a.actors(), b.actors());
    for (int actor = 0; actor < a.actors(); ++actor) {
      for (int op = 0; op < kOps; ++op) {
        for (const bool admission : {false, true}) {
          EXPECT_EQ(a.time(admission, actor, static_cast<Op>(op)),
                    b.time(admission, actor, static_cast<Op>(op)));
        }
      }
    }
  }
}

TEST(Hdf5Recorder, CountsThePassesOfSteps) {
  const TemporaryFolder folder;
  const LoadedPoint loaded = load_points(record({}, folder.path())).at(0);
  const RunTotals& method = *loaded.run(Role::method, 0);
  Seconds passes = 0, all = 0, models = 0;
  for (const PromptTotals& prompt : method.prompts()) passes += prompt.passes, all += prompt.measured;
  for (const Actor actor : {Actor::target, Actor::draft})
    models += method.time(false, static_cast<int>(actor), Op::forward).measured;
  EXPECT_NEAR(passes, models, 1e-9);
  EXPECT_LT(passes, all);
}

TEST(Hdf5Recorder, StoresEqualTextsOnce) {
  const TemporaryFolder folder;
  const Hdf5File file = Hdf5File::open(record({}, folder.path()));
  const auto sequences = file.read<SequenceRecord>("sequences");
  ASSERT_EQ(sequences.size(), 24u * 6);
  std::size_t tokens = 0;
  for (const SequenceRecord& row : sequences) {
    tokens += row.repeat == 0 ? static_cast<std::size_t>(row.prompt_tokens + row.new_tokens) : 0;
  }
  EXPECT_EQ(file.read_ints("text").size(), tokens);
}

TEST(Hdf5Recorder, APricedClockMeasuresNothing) {
  const TemporaryFolder folder;
  SyntheticPoint point;
  point.clock = ClockKind::priced;
  const LoadedPoint loaded = load_points(record(point, folder.path())).at(0);
  for (const PromptTotals& prompt : loaded.runs[1].prompts()) {
    EXPECT_TRUE(std::isnan(prompt.measured));
    EXPECT_GT(prompt.priced, 0);
  }
}

TEST(Hdf5Recorder, SkippedAndFailedPointsKeepTheirReason) {
  const TemporaryFolder folder;
  const PointSettings settings{"test", {{"k", 3}}};
  Hdf5Recorder recorder(folder.path(), RecordMode::steps);
  recorder.begin(settings, {});
  recorder.skip("no such model");
  const auto status = point_status(point_path(folder.path(), settings));
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->status, kSkipped);
  EXPECT_EQ(status->reason, "no such model");
  recorder.begin(settings, {});
  recorder.finish();
  recorder.fail("out of memory");  // as when `finish` had thrown
  EXPECT_EQ(load_points(point_path(folder.path(), settings)).at(0).status, kFailed);
}

TEST(Hdf5Recorder, NothingIsVisibleBeforeTheEnd) {
  const TemporaryFolder folder;
  const PointSettings settings{"test", {{"k", 3}}};
  {
    Hdf5Recorder recorder(folder.path(), RecordMode::steps);
    recorder.begin(settings, {});
    recorder.start_run(Role::baseline, 0);
    EXPECT_FALSE(point_status(point_path(folder.path(), settings)).has_value());
  }
  EXPECT_EQ(files_in(folder.path() / "test"), 0);
}

TEST(Hdf5Recorder, AFolderThatCannotBeWrittenIsRefusedAtOnce) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "test") << "a file where the folder should be";
  Hdf5Recorder recorder(folder.path(), RecordMode::steps);
  try {
    recorder.begin({"test", {}}, {});
    FAIL() << "it was accepted";
  } catch (const ConfigError& error) {
    const std::string place = (folder.path() / "test").string();
    EXPECT_EQ(error.what(),
              place + ": is a file, so there can be no folder " + place + "; give results a folder");
  }
  if (geteuid() == 0) return;  // whom no mode keeps out
  fs::create_directory(folder.path() / "closed");
  fs::permissions(folder.path() / "closed", fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_THROW(recorder.begin({"closed", {}}, {}), Hdf5Error);
}

// As on a full disk: writes stop in the middle of the file.
TEST(Hdf5Recorder, AWriteThatStopsHalfWayLeavesWhatWasThere) {
  const TemporaryFolder folder;
  SyntheticPoint point;
  const fs::path earlier = record(point, folder.path());
  const std::string before = bytes_of(earlier);
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{8192, 8192};
    setrlimit(RLIMIT_FSIZE, &limit);
    int seen = 0;
    for (const int depth : {point.depth, 5}) {  // over the earlier file, and beside it
      point.depth = depth;
      try {
        record_synthetic(point, "test", folder.path());
      } catch (const Hdf5Error& error) {
        seen += error.call() == "write" && error.reason() == "File too large" ? 1 : 0;
      }
    }
    _exit(seen);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 2);
  EXPECT_EQ(bytes_of(earlier), before);
  EXPECT_EQ(files_in(folder.path() / "test"), 1);
}

TEST(Hdf5Recorder, AFileThatWasNotRenamedIsNotThere) {
  const TemporaryFolder folder;
  const fs::path path = record({}, folder.path());
  fs::path partial = path;
  partial.replace_extension(".partial");
  fs::rename(path, partial);  // killed between write and rename
  EXPECT_FALSE(point_status(path).has_value());
  EXPECT_THROW(load_results(path.parent_path()), ConfigError);
  record({}, folder.path());
  EXPECT_EQ(point_status(path)->status, kDone);
  EXPECT_FALSE(fs::exists(partial));
}

TEST(Hdf5Recorder, ATruncatedFileIsMadeAgain) {
  const TemporaryFolder folder;
  const fs::path path = record({}, folder.path());
  const auto whole = fs::file_size(path);
  for (const auto size : {whole - 1, whole / 2, std::uintmax_t{100}, std::uintmax_t{0}}) {
    fs::resize_file(path, size);
    EXPECT_FALSE(point_status(path).has_value()) << size;
    EXPECT_THROW(load_points(path), Hdf5Error) << size;
    record({}, folder.path());
    EXPECT_EQ(point_status(path)->status, kDone);
  }
}

TEST(Hdf5Recorder, DamagedRowsAreNoticed) {
  const TemporaryFolder folder;
  const fs::path path = record({}, folder.path());
  std::string bytes = bytes_of(path);
  const std::size_t middle = bytes.size() / 2;  // in the compressed charges
  for (std::size_t i = middle; i < middle + 64; ++i) bytes[i] = static_cast<char>(~bytes[i]);
  std::ofstream(path, std::ios::binary) << bytes;
  EXPECT_THROW(load_points(path), Hdf5Error);
}

TEST(Merge, OneFileHoldsAllReadablePoints) {
  const TemporaryFolder folder;
  SyntheticPoint point;
  const fs::path first = record(point, folder.path());
  point.depth = point.nodes = 2;
  record(point, folder.path());
  Hdf5Recorder recorder(folder.path(), RecordMode::steps);
  recorder.begin({"test", {{"topology.kind", "none"}}}, {});
  recorder.skip("a reason");
  std::ofstream(folder.path() / "test" / "broken.h5") << "not HDF5";

  const Merged merged = merge_points(folder.path() / "test");
  EXPECT_EQ(merged.points, 3);
  ASSERT_EQ(merged.unreadable.size(), 1u);
  EXPECT_NE(merged.unreadable[0].find("broken.h5"), std::string::npos);
  const std::vector<LoadedPoint> points = load_points(merged.path);
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(Hdf5File::open(merged.path).size("points"), 3u);
  const LoadedPoint alone = load_points(first).at(0);
  const auto same = std::ranges::find(points, alone.key, &LoadedPoint::key);
  ASSERT_NE(same, points.end());
  EXPECT_EQ(same->settings, alone.settings);
  EXPECT_EQ(same->runs.at(1).prompts(), alone.runs.at(1).prompts());
}

}  // namespace
}  // namespace speclab
