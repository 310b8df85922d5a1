#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace speclab {

struct Merged {
  std::filesystem::path path;
  int points = 0;
  int others = 0;                       // parts in the folder that were not named
  std::vector<std::string> unreadable;  // parts that were left out, each with the reason
};

// Makes `<folder>.h5` of the point files in a folder whose keys are named (all, if none is): a table of all
// points, and a group per point.
// The file is replaced in one piece; made again of the same parts it holds the same.
Merged merge_points(const std::filesystem::path& folder, const std::set<std::string>& keys = {});

}  // namespace speclab
