#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace speclab {

struct Merged {
  std::filesystem::path path;
  int points = 0;
  std::vector<std::string> unreadable;  // parts that were left out, each with the reason
};

// Makes `<folder>.h5` of the point files in a folder: a table of all points, and a group per point.
// The file is replaced in one piece; made again of the same parts it holds the same.
Merged merge_points(const std::filesystem::path& folder);

}  // namespace speclab
