#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/recorder.h"
#include "core/result_rows.h"
#include "core/tally.h"

namespace speclab {

// A point as a file holds it. Steps and charges are summed up: a point that was recorded step by
// step and one that was only counted look the same.
struct LoadedPoint {
  std::string key, experiment, status, reason;
  std::map<std::string, nlohmann::json> settings, provenance;
  std::string signature, baseline_signature;
  std::vector<RunTally> runs;  // in the order in which they ran
  std::vector<SequenceRecord> sequences;

  bool done() const { return status == kDone; }
  int repeats(Role role) const;
  const RunTally* run(Role role, int repeat) const;  // null: there was none
  // Setting or provenance as text, `otherwise` where there is none.
  std::string setting(const std::string& name, const std::string& otherwise = {}) const;
  std::string fact(const std::string& name) const;
};

// All points of a point's file, of a merged file, or of a folder of point files, by key.
// Throws Hdf5Error for a file that is damaged or of another schema.
std::vector<LoadedPoint> load_points(const std::filesystem::path& path);

std::string label_of(const SequenceRecord& sequence);

}  // namespace speclab
