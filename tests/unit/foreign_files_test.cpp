// HDF5 files that others damaged or made to do damage: what they are refused with.
#include <gtest/gtest.h>
#include <hdf5.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <numeric>

#include "core/results/atomic_file.h"
#include "core/results/hdf5.h"
#include "core/results/hdf5_apart.h"
#include "tests/support/foreign_hdf5.h"
#include "tests/support/temporary_folder.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

const std::vector<std::int64_t> kValues{1, 2, 3, 4};

// Before the tests have filled the process's memory, of which each file that is read would copy the tables.
class EarlyStem : public testing::Environment {
  void SetUp() override { Hdf5Apart::prepare(); }
};
const testing::Environment* const kEarly = testing::AddGlobalTestEnvironment(new EarlyStem);

class ForeignFile : public testing::Test {
 protected:
  ForeignFile() { ForeignHdf5(path_).write("values", {kValues.size()}, std::span(kValues)); }

  ForeignHdf5 edit() const { return ForeignHdf5::edit(path_); }
  std::vector<std::int64_t> values() const {
    const Hdf5Apart file(path_);
    std::vector<std::int64_t> read(file.size("/values"));
    file.read_rows("/values", 0, read.size(), std::span(read));
    return read;
  }
  std::string refusal() const {
    try {
      values();
      return "it was read";
    } catch (const Hdf5Error& error) {
      return error.reason();
    }
  }
  std::string refusal_of_attributes() const {
    try {
      Hdf5Apart(path_).attributes("/");
      return "they were read";
    } catch (const Hdf5Error& error) {
      return error.reason();
    }
  }

  const TemporaryFolder folder_;
  const fs::path path_ = folder_.path() / "any.h5", other_ = folder_.path() / "other";
};

TEST_F(ForeignFile, IsReadThroughAnotherProcess) { EXPECT_EQ(values(), kValues); }

TEST_F(ForeignFile, AttributesThatAreArraysAreRefused) {
  edit().attribute("/", "schema", std::vector<std::int64_t>(8, 1));
  EXPECT_EQ(refusal_of_attributes(), "it is to be a single value, and is an array");
}

TEST_F(ForeignFile, DeepTextOfAttributesIsRefused) {
  edit().attribute("/", "deep", std::string(60'000, '[') + std::string(60'000, ']'));
  EXPECT_EQ(refusal_of_attributes(), "deep: is nested more than 256 levels deep");
}

TEST_F(ForeignFile, TextThatIsNoUtf8IsRepaired) {
  edit().attribute("/", "host", "gr\xfc\xdf");
  EXPECT_EQ(Hdf5Apart(path_).get("/", "host"), "gr\uFFFD\uFFFD");
}

TEST_F(ForeignFile, NothingIsReadOutOfAnotherFile) {
  std::ofstream(other_) << "secret12secret34";
  edit().in_another_file("values", other_, 2);
  EXPECT_EQ(refusal(), "its data lie in another file");
  ForeignHdf5(other_).write("values", {kValues.size()}, std::span(kValues));
  edit().of_another_file("values", other_, kValues.size());
  EXPECT_EQ(refusal(), "it is made of datasets of other files");
  edit().external_link("values", other_, "/values");
  EXPECT_EQ(refusal(), "'values' is a link by name or to another file, and such are not followed");
  edit().soft_link("values", "/any");
  EXPECT_EQ(refusal(), "'values' is a link by name or to another file, and such are not followed");
}

TEST_F(ForeignFile, RowsWithoutStorageAreRefused) {
  edit().without_storage("values", 1'600'000'000);
  EXPECT_EQ(refusal(),
            "its shape declares 1.28e+10 bytes, but 0 are stored, out of which at most 0 can come");
}

TEST_F(ForeignFile, OnlyFiltersThatThisProgramWritesAreRead) {
  edit().filtered("values", H5Z_FILTER_SCALEOFFSET, kValues);
  EXPECT_TRUE(refusal().starts_with("its data went through the filter 6;")) << refusal();
}

TEST_F(ForeignFile, FoldersPipesAndOtherFilesAreNamed) {
  EXPECT_THROW(Hdf5Apart(folder_.path()), Hdf5Error);
  std::ofstream(other_) << "anything";
  EXPECT_THROW(Hdf5Apart{other_}, Hdf5Error);
}

// What the library makes of it is its affair: it may read, refuse or crash, within its own process.
TEST_F(ForeignFile, ChangedBytesEndNothing) {
  {
    ForeignHdf5 file(path_);
    for (const char* name : {"a", "b", "values"}) file.write(name, {kValues.size()}, std::span(kValues));
    for (const char* name : {"x", "y"}) file.attribute("/", name, "text");
  }
  std::ifstream in(path_, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  int read = 0, refused = 0;
  for (std::size_t place = 8; place < whole.size(); place += 97) {
    std::string bytes = whole;
    bytes[place] = static_cast<char>(bytes[place] ^ (place % 2 == 0 ? 0xff : 0x80));
    std::ofstream(path_, std::ios::binary) << bytes;
    const bool fine = refusal() == "it was read" && refusal_of_attributes() == "they were read";
    (fine ? read : refused) += 1;
  }
  EXPECT_GT(read, 0);
  EXPECT_GT(refused, 0);
}

TEST_F(ForeignFile, IsReadAgainOnceTheProcessesThatReadAreGone) {
  EXPECT_EQ(values(), kValues);
  for (const auto& thread : fs::directory_iterator("/proc/self/task")) {
    std::ifstream children(thread.path() / "children");
    for (pid_t child = 0; children >> child;) kill(child, SIGKILL);
  }
  EXPECT_EQ(values(), kValues);
}

TEST(Apart, WhatBreaksBreaksThere) {
  const auto end_of = [](const Stem::Answer& answer) -> std::string {
    const auto stem = std::make_shared<Stem>([] {}, [&](const Apart::Bytes&) { return answer; }, 1 << 28);
    Apart apart(stem, {}, 1);
    try {
      apart.ask({});
      return "answered";
    } catch (const ProcessEnded& end) {
      return end.what();
    }
  };
  EXPECT_EQ(end_of([](const Apart::Bytes&) { return Apart::Bytes(5); }), "answered");
  EXPECT_EQ(end_of([](const Apart::Bytes&) -> Apart::Bytes { abort(); }), "crashed (Aborted)");
  EXPECT_EQ(end_of([](const Apart::Bytes&) -> Apart::Bytes {
              raise(SIGSEGV);
              return {};
            }),
            "crashed (Segmentation fault)");
  EXPECT_EQ(end_of([](const Apart::Bytes&) -> Apart::Bytes {
              for (std::atomic<int> i = 0;; ++i) continue;
            }),
            "did not come to an end");
  EXPECT_EQ(end_of([](const Apart::Bytes&) { return Apart::Bytes(std::size_t{1} << 31); }),
            "ended with status 1");
}

}  // namespace
}  // namespace speclab
