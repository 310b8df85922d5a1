#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "analysis/point_file.h"
#include "analysis/table.h"
#include "core/results/hdf5.h"

namespace speclab {

struct Merged {
  std::filesystem::path path;
  int points = 0;
  int others = 0;                       // parts in the folder that were not named
  std::vector<std::string> unreadable;  // parts that were left out, each with the reason
};

// Makes `<folder>.h5` of point files in a folder: a table of all points, and a group per point. The file is
// replaced in one piece; made again of the same parts in the same order it holds the same.
class Merge {
 public:
  explicit Merge(std::filesystem::path folder);

  // Gives the file's point, once it is in; throws Hdf5Error where the file cannot be read, and then nothing
  // of it is in.
  LoadedPoint add(const std::filesystem::path& part);
  // Writes the file, unless it holds the same already.
  Merged finish();

 private:
  std::filesystem::path folder_;
  std::set<std::filesystem::path> parts_;
  Merged merged_;
  Hdf5File file_;
  Table table_;
};

// All of them whose keys are named (all, if none is), by name.
Merged merge_points(const std::filesystem::path& folder, const std::set<std::string>& keys = {});

}  // namespace speclab
