#pragma once

#include <filesystem>
#include <span>

#include "analysis/point_file.h"

namespace speclab {

// Derived numbers for figures, which compute none: `/rows` is the metric table with the columns
// tree (0 or 1) and drafted: the chain's length, or the nodes proposed per drafting step. Root attributes say
// what the numbers are of. Can be deleted and made again.
void write_figure_data(std::span<const LoadedPoint> points, const std::filesystem::path& path);

}  // namespace speclab
