#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/results/hdf5_reader.h"
#include "core/results/recorder.h"
#include "core/results/result_rows.h"
#include "core/results/run_totals.h"

namespace speclab {

// A point as a file holds it. Steps and charges are summed up: a point that was recorded step by
// step and one that was only counted look the same.
struct LoadedPoint {
  std::string key, experiment, status, reason;
  std::map<std::string, nlohmann::json> settings, provenance;
  std::string signature, baseline_signature;
  std::vector<RunTotals> runs;  // in the order in which they ran
  std::vector<SequenceRecord> sequences;

  bool done() const { return status == kDone; }
  int repeats(Role role) const;
  const RunTotals* run(Role role, int repeat) const;  // null: there was none
  // Setting or provenance as text, `otherwise` where there is none.
  std::string setting(const std::string& name, const std::string& otherwise = {}) const;
  std::string fact(const std::string& name) const;
};

// The point that a file holds in `group`, "/" or "/point/KEY/". Throws Hdf5Error where the file is damaged,
// of another schema, or says what cannot be true.
LoadedPoint load_point(const Hdf5Reader& file, const std::string& group);

// All points of a point's file or of a merged file, by key. Throws Hdf5Error likewise.
std::vector<LoadedPoint> load_points(const Hdf5Reader& file);
std::vector<LoadedPoint> load_points(const std::filesystem::path& file);

std::string label_of(const SequenceRecord& sequence);

}  // namespace speclab
