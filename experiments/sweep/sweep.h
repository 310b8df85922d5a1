#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/config/config_file.h"

namespace speclab {

struct SweepOptions {
  std::filesystem::path results = "results";
  int jobs = 0;  // threads for priced points; 0: all cores
  std::string command_line;
};

struct SweepOutcome {
  int ran = 0, kept = 0, skipped = 0, same = 0, failed = 0;
  std::filesystem::path file;           // all points in one
  std::vector<std::string> unreadable;  // files of earlier sweeps that it lacks, each with the reason
  std::vector<std::string> unused;  // settings without effect at any of the points that ran, a sentence each
  int earlier = 0;                  // files of another version's schema, kept beside those that ran anew
  int others = 0;                   // points of other sweeps of that name, in the folder but not in the file
};

// "3 points ran, 2 were there already", and lines for what the merged file lacks.
std::string to_text(const SweepOutcome& outcome);

// Runs all points of an experiment that are not yet in the results' folder. Priced points share all cores;
// those that are measured, or on a device, run alone. A point that cannot be is stored with its reason, and
// so is one that broke. Throws ConfigError before anything runs where the settings of a point are wrong,
// Hdf5Error where results cannot be written; whatever was finished by then stays, and is not run again.
SweepOutcome run_sweep(const Experiment& experiment, const SweepOptions& options);

}  // namespace speclab
