// A disk that refuses: one message, status 3, and what was there stays.
#include "tests/cli/sweeps.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

class Disk : public SweepTest {
 protected:
  void SetUp() override {
    SweepTest::SetUp();
    write("c.toml", "experiment = \"e\"\n" + kSynthetic + "[sweep]\ntopology.length = [1, 2]\n");
  }
  static void expect_refused(const Ended& ended, const std::vector<std::string>& fragments) {
    EXPECT_EQ(ended.status, 3) << ended.err;
    std::string last = ended.err;
    if (const auto from = last.rfind("speclab: "); from != std::string::npos) last = last.substr(from);
    EXPECT_TRUE(last.starts_with("speclab: ")) << ended.err;
    EXPECT_EQ(lines(last), 1u) << ended.err;
    for (const std::string& fragment : fragments) {
      EXPECT_NE(last.find(fragment), std::string::npos) << '"' << fragment << "\" is not in: " << ended.err;
    }
  }
};

TEST_F(Disk, ResultsFolderThatCannotBe) {
  write("file", "");
  expect_refused(sweep("file"), {"file: is a file", "no folder file", "give results a folder"});
  expect_refused(speclab({"run", "c.toml", "-o", "file"}),
                 {"file: is a file", "no folder file", "give results a folder"});
  expect_refused(sweep("/proc/nowhere"), {"/proc/nowhere/e", "No such file or directory"});
}

TEST_F(Disk, FullWhileAPointIsWritten) {
  ASSERT_EQ(sweep("r").status, 0);
  const auto before = hdf5_facts("r/e.h5");
  const auto points = files("r/e");
  const Ended ended = sweep("r", {"--set", "topology.length=1..4"}, {.max_file_bytes = 4096});
  expect_refused(ended, {"r/e/", ".partial", "write failed", "File too large"});
  EXPECT_EQ(files("r/e"), points) << "no half-written file is left";
  EXPECT_TRUE(before == hdf5_facts("r/e.h5"));
  EXPECT_EQ(speclab({"report", "r/e.h5"}).status, 0);
  EXPECT_EQ(sweep("r", {"--set", "topology.length=1..4"}).status, 0) << "once there is room again";
}

TEST_F(Disk, FullWhileMerging) {
  ASSERT_EQ(sweep("r").status, 0);
  const auto before = hdf5_facts("r/e.h5");
  const auto room = fs::file_size("r/e.h5") + 1000;
  const Ended ended = sweep("r", {"--set", "topology.length=1..4"}, {.max_file_bytes = room});
  expect_refused(ended, {"r/e.partial", "write failed", "File too large"});
  EXPECT_EQ(files("r/e").size(), 4u) << "the points themselves are kept";
  EXPECT_FALSE(fs::exists("r/e.partial"));
  EXPECT_TRUE(before == hdf5_facts("r/e.h5"));
}

// Not a byte may be written: a disk that is read-only.
TEST_F(Disk, FinishedSweepIsReadWhereNothingCanBeWritten) {
  ASSERT_EQ(sweep("r").status, 0);
  const auto before = files("r/e");
  const Ended ended = sweep("r", {}, {.max_file_bytes = 0});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.out, "r/e.h5\n");
  EXPECT_EQ(files("r/e"), before);
}

TEST_F(Disk, FullWhileOnePointRunsAgain) {
  const Ended first = speclab({"run", "c.toml", "-o", "r"});
  ASSERT_EQ(first.status, 0) << first.err;
  const fs::path file = files("r/e").front();
  const auto before = hdf5_facts(file);
  expect_refused(speclab({"run", "c.toml", "-o", "r"}, {.max_file_bytes = 4096}),
                 {".partial", "File too large"});
  EXPECT_TRUE(before == hdf5_facts(file));
}

TEST_F(Disk, FullForStandardOutput) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--version"}, {"list"}, {"run", "c.toml"}}) {
    expect_refused(speclab(arguments, {.output = "/dev/full"}), {"cannot write", "No space left on device"});
  }
}

TEST_F(Disk, FullForFigureData) {
  ASSERT_EQ(sweep("r").status, 0);
  expect_refused(speclab({"report", "r/e.h5", "--figure-data", "f.h5"}, {.max_file_bytes = 100}),
                 {"f.partial", "File too large"});
  EXPECT_FALSE(fs::exists("f.h5"));
}

}  // namespace
}  // namespace speclab
