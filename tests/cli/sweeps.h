#pragma once

#include <gtest/gtest.h>

#include "tests/cli/speclab.h"
#include "tests/support/hdf5_facts.h"
#include "tests/support/temporary_folder.h"

namespace speclab {

// Runs sweeps in a folder of its own.
class SweepTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::current_path(folder_.path()); }
  void TearDown() override { std::filesystem::current_path(home_); }

  static Ended sweep(const std::string& results, std::vector<std::string> more = {},
                     const Surroundings& surroundings = {}) {
    more.insert(more.begin(), {"sweep", "c.toml", "--results", results});
    return speclab(more, surroundings);
  }

  static std::vector<std::filesystem::path> files(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> all;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) all.push_back(entry.path());
    std::ranges::sort(all);
    return all;
  }

  // As two maps can be long, only the first difference is shown.
  static void expect_same_facts(const std::filesystem::path& one, const std::filesystem::path& other) {
    const auto a = hdf5_facts(one), b = hdf5_facts(other);
    EXPECT_FALSE(a.empty());
    for (const auto& [name, fact] : a) {
      ASSERT_TRUE(b.contains(name)) << other << " lacks " << name;
      ASSERT_EQ(fact == b.at(name), true) << name << " of " << one << " and " << other << " differ";
    }
    EXPECT_EQ(a.size(), b.size());
  }

 private:
  std::filesystem::path home_ = std::filesystem::current_path();
  TemporaryFolder folder_;
};

}  // namespace speclab
