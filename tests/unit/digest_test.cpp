#include "experiments/config/digest.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <string>

#include "core/errors.h"
#include "tests/support/temporary_folder.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

class DigestTest : public testing::Test {
 protected:
  // Sparse: the size costs nothing.
  fs::path make(const std::string& name, std::uintmax_t size) {
    const fs::path file = folder_.path() / name;
    std::ofstream(file, std::ios::binary) << "";
    fs::resize_file(file, size);
    fs::last_write_time(file, kThen);
    return file;
  }
  // Leaves the time of the last change as it was.
  static void put(const fs::path& file, std::uintmax_t at, const std::string& bytes) {
    const fs::file_time_type then = fs::last_write_time(file);
    std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
    stream.seekp(static_cast<std::streamoff>(at));
    stream << bytes;
    stream.close();
    fs::last_write_time(file, then);
  }

  static constexpr std::uintmax_t kMiB = 1 << 20;
  const fs::file_time_type kThen = fs::file_time_type::clock::now() - std::chrono::hours(100);
  TemporaryFolder folder_;
};

TEST_F(DigestTest, EveryByteOfASmallFileCountsAndItsTimeDoesNot) {
  const fs::path file = make("a", 3 * kMiB);
  const std::string before = digest(file);
  EXPECT_TRUE(before.starts_with("full:")) << before;
  EXPECT_EQ(before.size(), 5u + 32);
  fs::last_write_time(file, kThen + std::chrono::hours(1));
  EXPECT_EQ(digest(file), before);
  EXPECT_EQ(digest(file, DigestKind::full), before);
  put(file, kMiB + 17, "x");
  EXPECT_NE(digest(file), before);
}

// Two fine-tunes of one model have one size, one header, and other numbers all over.
TEST_F(DigestTest, LargeFilesThatDifferInTheMiddleDiffer) {
  const fs::path file = make("model.safetensors", 200 * kMiB);
  const std::string before = digest(file);
  EXPECT_TRUE(before.starts_with("sampled:")) << before;
  EXPECT_EQ(digest(file), before);
  put(file, 100 * kMiB, std::string(kMiB, 'x'));
  const std::string after = digest(file);
  EXPECT_NE(after, before);
  fs::last_write_time(file, kThen + std::chrono::hours(1));
  EXPECT_NE(digest(file), after);
}

// 2,048 samples: a change of a thousandth of the file is seen wherever it is.
TEST_F(DigestTest, SamplesAreSpread) {
  const fs::path file = make("a", 200 * kMiB);
  for (std::uintmax_t at = 2 * kMiB; at + kMiB < 199 * kMiB; at += 13 * kMiB) {
    const std::string before = digest(file);
    put(file, at, std::string(200 * kMiB / 1000, static_cast<char>('a' + at / kMiB % 26)));
    EXPECT_NE(digest(file), before) << at;
  }
}

TEST_F(DigestTest, OneByteIsSeenWhereAllAreRead) {
  const fs::path file = make("a", 70 * kMiB);
  const std::string sampled = digest(file), full = digest(file, DigestKind::full);
  EXPECT_TRUE(full.starts_with("full:")) << full;
  put(file, 35 * kMiB + 12'345, "x");
  EXPECT_EQ(digest(file), sampled) << "between two samples";
  EXPECT_NE(digest(file, DigestKind::full), full);
}

// A safetensors header names every tensor; it may be longer than a megabyte.
TEST_F(DigestTest, AllOfASafetensorsHeaderCounts) {
  const fs::path file = make("model.safetensors", 70 * kMiB), other = make("model.bin", 70 * kMiB);
  const std::uint64_t length = 3 * kMiB;
  for (const fs::path& one : {file, other})
    put(one, 0, std::string(reinterpret_cast<const char*>(&length), 8));
  const std::string before = digest(file), of_other = digest(other);
  const std::uintmax_t between = (70 * kMiB - 4096) / 2047 * 59 + 20'000;  // of two samples
  for (const fs::path& one : {file, other}) put(one, between, "x");
  EXPECT_NE(digest(file), before);
  EXPECT_EQ(digest(other), of_other);
}

TEST_F(DigestTest, NamesCountInAFolderAndNotesDoNot) {
  make("one", 10);
  const std::string before = digest(folder_.path());
  make("README.md", 10);
  make(".cache", 10);
  EXPECT_EQ(digest(folder_.path()), before);
  fs::rename(folder_.path() / "one", folder_.path() / "two");
  EXPECT_NE(digest(folder_.path()), before);
}

TEST_F(DigestTest, WhatCannotBeReadIsRefused) {
  const fs::path pipe = folder_.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THROW(digest(pipe), ConfigError);
  EXPECT_THROW(digest(folder_.path() / "none"), ConfigError);
}

}  // namespace
}  // namespace speclab
