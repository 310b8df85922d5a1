#pragma once

#include <filesystem>
#include <string>

#include "core/results/hdf5_recorder.h"

namespace speclab {

// A made-up decoding experiment: numbers of plausible size, of no real model.
struct SyntheticPoint {
  std::string strategy = "model", topology = "chain";
  int nodes = 4, depth = 4;  // of the tree in each step; 0: nothing is proposed
  double agreement = 0.75;   // of draft and target, per depth; code is more predictable, chat less
  double temperature = 0;
  int prompts_per_label = 8, new_tokens = 64, repeats = 3;
  RecordMode record = RecordMode::steps;
  ClockKind clock = ClockKind::wall;
};

PointSettings settings_of(const SyntheticPoint& point, const std::string& experiment);

// Runs the point through a recorder. The same point gives the same numbers.
void record_synthetic(const SyntheticPoint& point, const std::string& experiment,
                      const std::filesystem::path& results);

}  // namespace speclab
