#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/config/digest.h"

namespace speclab {

// Sections of settings, {"drafter": {"kind": "model", ...}, ...}, and where each was written.
struct Config {
  nlohmann::json sections = nlohmann::json::object();
  std::map<std::string, std::string> places;  // "drafter.kind" -> "file:line" or "--set"
  std::filesystem::path directory;            // of the file: paths in it may be relative to this
  std::vector<std::string> remarks;           // as Provenance has them
  DigestKind digest = DigestKind::sampled;    // of the files that it names
};

// One axis of a sweep: a setting ("topology.length") or a whole section ("topology") and its values.
struct Axis {
  std::string key;
  std::vector<nlohmann::json> values;
  std::string place;  // where it was written
};

// Points at which all of `when` holds are not run, for the reason given.
struct SkipIf {
  std::map<std::string, nlohmann::json> when;
  std::map<std::string, std::string> places;  // of each setting in `when`
  std::string reason;
};

struct Override {
  std::string key;
  nlohmann::json value;
  std::string place;  // the option that says it
};

struct Experiment {
  std::string name;
  Config base;
  std::vector<Axis> axes;
  std::vector<Override> overrides;  // from the command line; the last word
  std::vector<SkipIf> skip_ifs;
};

inline constexpr std::int64_t kMaxPoints = 1'000'000;  // of a sweep

// The sections that a config may have; further draft models are draft2, ... draft9.
const std::vector<std::string>& section_names();

// Reads a TOML file. Throws ConfigError with file and line for what it cannot read.
Experiment read_experiment(const std::filesystem::path& file);

// Applies "section.key=value": one TOML value overrides the setting, several ("1,2,4" or "1..8") make it an
// axis. Commas within brackets, braces and quotes do not separate; what is no TOML value is a string. Of a
// setting that is a table, "section.key.inner=value" overrides one of its own. "experiment=NAME" renames the
// experiment. ConfigError where an earlier option set the same. `option` is what the user wrote, and begins
// with "--".
void apply_set(Experiment& experiment, const std::string& assignment, const std::string& option = "--set");

}  // namespace speclab
