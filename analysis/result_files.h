#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/point_file.h"

namespace speclab {

struct LoadedResults {
  std::vector<LoadedPoint> points;   // by file, then by key
  std::vector<std::string> remarks;  // of a folder: files that were left out, each with the reason
};

// The points of a point's file, of a merged file, or of all such files of a folder. Files of a folder that
// hold something else, or are damaged, are named in `remarks`; of a single file that is an error. Throws
// ConfigError that says what is there instead, or Hdf5Error.
LoadedResults load_results(const std::filesystem::path& path);

}  // namespace speclab
