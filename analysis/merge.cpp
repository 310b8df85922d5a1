#include "analysis/merge.h"

#include <algorithm>
#include <map>

#include "analysis/point_file.h"
#include "analysis/table.h"
#include "core/atomic_file.h"
#include "core/hdf5.h"

namespace speclab {
namespace {

struct Sums {
  std::int64_t steps = 0, drafted = 0, proposed = 0, probes = 0, accepted = 0, emitted = 0;
  double measured = 0, priced = 0, admission_measured = 0, admission_priced = 0;
};

Sums sums(const LoadedPoint& point, Role role) {
  Sums total;
  for (const RunTally& run : point.runs) {
    if (run.role() != static_cast<int>(role)) continue;
    for (const PromptTally& prompt : run.prompts()) {
      total.steps += prompt.steps;
      total.drafted += prompt.drafted;
      total.proposed += prompt.proposed;
      total.probes += prompt.probes;
      total.accepted += prompt.accepted;
      total.emitted += prompt.emitted;
      total.measured += prompt.measured;
      total.priced += prompt.priced;
      total.admission_measured += prompt.admission_measured;
      total.admission_priced += prompt.admission_priced;
    }
  }
  return total;
}

void add_row(Table& table, const LoadedPoint& point) {
  std::map<std::string, nlohmann::json> cells = {
      {"key", point.key}, {"status", point.status}, {"reason", point.reason}, {"signature", point.signature}};
  for (const auto& [name, value] : point.settings) cells[name] = value;
  for (const Role role : {Role::baseline, Role::method}) {
    if (!point.done() || point.repeats(role) == 0) continue;
    const std::string of = role == Role::baseline ? "baseline_" : "method_";
    const Sums s = sums(point, role);
    cells[of + "repeats"] = point.repeats(role);
    cells[of + "steps"] = s.steps;
    cells[of + "drafted"] = s.drafted;
    cells[of + "proposed"] = s.proposed;
    cells[of + "probes"] = s.probes;
    cells[of + "accepted"] = s.accepted;
    cells[of + "emitted"] = s.emitted;
    cells[of + "measured_seconds"] = s.measured;
    cells[of + "priced_seconds"] = s.priced;
    cells[of + "admission_measured_seconds"] = s.admission_measured;
    cells[of + "admission_priced_seconds"] = s.admission_priced;
  }
  for (const char* first : {"key", "status", "reason", "signature"}) table.column(first);
  for (const auto& [name, value] : cells) table.column(name);
  std::vector<nlohmann::json>& row = table.rows.emplace_back(table.columns.size());
  for (const auto& [name, value] : cells) row[table.column(name)] = value;
}

}  // namespace

Merged merge_points(const std::filesystem::path& folder, const std::set<std::string>& keys) {
  Merged merged{.path = folder.parent_path() / (folder.filename().string() + ".h5"), .unreadable = {}};
  std::vector<std::filesystem::path> parts;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".h5") continue;
    if (keys.empty() || keys.contains(entry.path().stem().string())) {
      parts.push_back(entry.path());
    } else {
      ++merged.others;
    }
  }
  std::ranges::sort(parts);
  Hdf5File file = Hdf5File::in_memory(merged.path);
  file.make_group("point");
  file.set("/", "schema", kSchema);
  Table table;
  for (const std::filesystem::path& part : parts) {
    try {
      const LoadedPoint point = load_points(part).at(0);
      file.copy(Hdf5File::open(part), "/", "point/" + point.key);
      add_row(table, point);
      ++merged.points;
    } catch (const Hdf5Error& error) {
      merged.unreadable.push_back(error.what());
    }
  }
  write_table(file, "points", table);
  const std::vector<std::byte> image = file.image();
  if (!holds(merged.path, image)) replace_file(merged.path, image);  // a finished sweep writes nothing
  return merged;
}

}  // namespace speclab
