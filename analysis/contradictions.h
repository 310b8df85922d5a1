#pragma once

#include <string>
#include <vector>

#include "analysis/point_file.h"

namespace speclab {

// What cannot be true of a sound point, in words; empty: nothing was found.
std::vector<std::string> contradictions(const LoadedPoint& point);

}  // namespace speclab
