#pragma once

#include <span>
#include <string>
#include <vector>

#include "analysis/point_file.h"

namespace speclab {

// What the numbers of some points are numbers of. Texts are empty where nothing is known.
struct Conditions {
  std::vector<std::string> experiments;
  std::size_t points = 0, done = 0;
  int prompts = 0, repeats = 0;  // the most of any point
  std::string measured_on;       // the machine; empty also if nothing was measured
  std::string priced_as;         // "target / draft on device"; empty also if nothing was priced
  std::string priced_error;      // how far prices may be off, as the files say
  std::string models;            // "target / draft" that were run
  std::string commits;
};

Conditions conditions(std::span<const LoadedPoint> points);

}  // namespace speclab
