#include "analysis/point_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "analysis/step_rows.h"
#include "core/results/hdf5_apart.h"
#include "core/settings/printable.h"

namespace speclab {
namespace {

std::string as_text(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

[[noreturn]] void refuse(const Hdf5Reader& file, const std::string& group, const std::string& reason) {
  throw Hdf5Error(file.path(), "reading " + group, reason);
}

// Every repeat of a role once, from 0 on.
void check_runs(const LoadedPoint& point, const Hdf5Reader& file, const std::string& group) {
  for (const Role role : {Role::baseline, Role::method}) {
    for (int repeat = 0; repeat < point.repeats(role); ++repeat) {
      if (point.run(role, repeat) == nullptr)
        refuse(file, group,
               fmt::format("it has {} runs of role {}, but none of them is repeat {}", point.repeats(role),
                           static_cast<int>(role), repeat));
    }
  }
}

void read_sequences(const Hdf5Reader& file, const std::string& group, RowCheck& check, LoadedPoint& point) {
  const auto tokens = static_cast<std::int64_t>(file.size(group + "text"));
  point.sequences = file.read<SequenceRecord>(group + "sequences");
  check.table(group + "sequences", point.sequences.size());
  std::set<std::tuple<int, int, int>> seen;
  std::size_t prompts = 0;
  for (const SequenceRecord& row : point.sequences) {
    check.sequence(row.role, row.repeat, row.sequence);
    if (!seen.emplace(row.role, row.repeat, row.sequence).second)
      check.fail(fmt::format("sequence {} is there twice in one run", row.sequence));
    check.between(row.prompt_tokens, 0, tokens, "prompt_tokens");
    check.between(row.new_tokens, 0, tokens - row.prompt_tokens, "new_tokens");
    check.between(row.text, 0, tokens - row.prompt_tokens - row.new_tokens, "text");
    prompts = std::max(prompts, static_cast<std::size_t>(row.sequence) + 1);
  }
  check.room(static_cast<std::int64_t>(prompts) * static_cast<std::int64_t>(point.runs.size()));
  for (RunTotals& run : point.runs) run.cover(prompts);
}

void check_settings(const std::map<std::string, nlohmann::json>& values, const Hdf5Reader& file,
                    const std::string& group) {
  for (const auto& [name, value] : values) {
    if (value.is_number_float() && !std::isfinite(value.get<double>()))
      refuse(file, group, name + " is no finite number");
  }
}

}  // namespace

int LoadedPoint::repeats(Role role) const {
  return static_cast<int>(std::ranges::count_if(
      runs, [&](const RunTotals& run) { return run.role() == static_cast<int>(role); }));
}

const RunTotals* LoadedPoint::run(Role role, int repeat) const {
  const auto found = std::ranges::find_if(runs, [&](const RunTotals& run) {
    return run.role() == static_cast<int>(role) && run.repeat() == repeat;
  });
  return found == runs.end() ? nullptr : &*found;
}

std::string LoadedPoint::setting(const std::string& name, const std::string& otherwise) const {
  const auto found = settings.find(name);
  return found == settings.end() ? otherwise : as_text(found->second);
}

std::string LoadedPoint::fact(const std::string& name) const {
  const auto found = provenance.find(name);
  return found == provenance.end() ? std::string() : as_text(found->second);
}

std::string label_of(const SequenceRecord& sequence) {
  const auto end = std::ranges::find(sequence.label, '\0');
  return printable({sequence.label.begin(), end});
}

LoadedPoint load_point(const Hdf5Reader& file, const std::string& group) {
  const std::map<std::string, nlohmann::json> facts = file.attributes(group);
  const auto fact = [&](const std::string& name) {
    const auto found = facts.find(name);
    if (found == facts.end()) refuse(file, group, fmt::format("it has no attribute '{}'", name));
    return as_text(found->second);
  };
  if (const std::string schema = fact("schema"); facts.at("schema") != kSchema) {
    throw Hdf5Error(file.path(), "load " + group,
                    "written by another version of this program: schema " + schema);
  }
  LoadedPoint point;
  point.key = fact("key");
  if (point.key.empty() || point.key.find('/') != std::string::npos)
    refuse(file, group, fmt::format("its key '{}' is none", point.key));
  point.experiment = fact("experiment");
  point.status = fact("status");
  point.reason = fact("reason");
  point.settings = file.attributes(group + "settings");
  check_settings(point.settings, file, group + "settings");
  point.provenance = file.attributes(group + "provenance");
  if (!point.done()) return point;
  point.signature = fact("signature");
  point.baseline_signature = fact("baseline_signature");
  const bool steps = fact("record") == "steps";
  RowCheck check(file);
  point.runs = steps ? read_steps(file, group, check) : RunTotals::read(file, group, check);
  check_runs(point, file, group);
  read_sequences(file, group, check, point);
  return point;
}

std::vector<LoadedPoint> load_points(const std::filesystem::path& path) {
  return load_points(Hdf5Apart(path));
}

std::vector<LoadedPoint> load_points(const Hdf5Reader& file) {
  if (!file.has("point")) return {load_point(file, "/")};
  std::vector<LoadedPoint> points;
  for (const std::string& key : file.children("point"))
    points.push_back(load_point(file, "/point/" + key + "/"));
  return points;
}

}  // namespace speclab
