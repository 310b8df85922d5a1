// The folders include each other only downwards in the list of core/README.md.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "tests/support/project_files.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

// Of the list: folder -> its line, from the top.
std::map<std::string, int> listed_rooms() {
  std::map<std::string, int> rooms;
  std::ifstream page(project_files() / "core/README.md");
  bool within = false;
  for (std::string line; std::getline(page, line);) {
    if (line == "```rooms") {
      within = true;
    } else if (line == "```") {
      within = false;
    } else if (within) {
      const int place = static_cast<int>(rooms.size());
      rooms[line.substr(0, line.find(' '))] = place;
    }
  }
  return rooms;
}

TEST(IncludeGraph, NoFolderIncludesOneAboveIt) {
  const std::map<std::string, int> rooms = listed_rooms();
  ASSERT_GT(rooms.size(), 20);
  int arrows = 0;
  for (const char* top : {"core", "strategies", "kernels", "analysis", "experiments"}) {
    for (const auto& entry : fs::recursive_directory_iterator(project_files() / top)) {
      const fs::path file = fs::relative(entry.path(), project_files());
      if (file.extension() != ".h" && file.extension() != ".cpp" && file.extension() != ".cu") continue;
      const auto own = rooms.find(file.parent_path().string());
      ASSERT_NE(own, rooms.end()) << file << ": core/README.md has no line for its folder";
      std::ifstream text(entry.path());
      for (std::string line; std::getline(text, line);) {
        const std::string begin = "#include \"";
        if (!line.starts_with(begin)) continue;
        const fs::path included = line.substr(begin.size(), line.rfind('"') - begin.size());
        if (!included.has_parent_path()) continue;  // made by the build
        const auto other = rooms.find(included.parent_path().string());
        ASSERT_NE(other, rooms.end()) << file << " includes " << included;
        EXPECT_GE(other->second, own->second) << file << " includes " << included << " of a folder above it";
        ++arrows;
      }
    }
  }
  EXPECT_GT(arrows, 1000);
}

}  // namespace
}  // namespace speclab
