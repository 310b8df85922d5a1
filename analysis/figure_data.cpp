#include "analysis/figure_data.h"

#include <fmt/format.h>

#include "analysis/conditions.h"
#include "analysis/metric_table.h"
#include "analysis/setting_names.h"
#include "core/results/atomic_file.h"
#include "core/results/hdf5.h"

namespace speclab {
namespace {

void add_places(Table& table) {
  const std::size_t topology = table.column(kTopologyKind), length = table.column(kTopologyLength);
  const std::size_t proposed = table.column("proposed_per_drafting_step");
  const std::size_t tree = table.column("tree"), drafted = table.column("drafted");
  for (auto& row : table.rows) {
    const bool chain = row[topology].is_null() || row[topology] == "chain";
    row[tree] = chain ? 0 : 1;
    row[drafted] = chain && row[length].is_number() ? row[length] : row[proposed];
  }
}

}  // namespace

void write_figure_data(std::span<const LoadedPoint> points, const std::filesystem::path& path) {
  Table table = metric_table(points);
  add_places(table);
  const Conditions of = conditions(points);
  Hdf5File file = Hdf5File::in_memory(path);
  write_table(file, "rows", table);
  file.set("/", "experiment", fmt::format("{}", fmt::join(of.experiments, ", ")));
  file.set("/", "measured_on", of.measured_on);
  file.set("/", "priced_as", of.priced_as);
  file.set("/", "priced_error", of.priced_error);
  file.set("/", "models", of.models);
  file.set("/", "commits", of.commits);
  file.set("/", "prompts", of.prompts);
  file.set("/", "repeats", of.repeats);
  if (path.has_parent_path()) check_writable(path.parent_path());
  replace_file(path, file.image());
}

}  // namespace speclab
