#include "analysis/report.h"

#include <fmt/format.h>

#include <filesystem>

#include "analysis/figure_data.h"
#include "analysis/metric_table.h"
#include "analysis/metrics.h"
#include "analysis/result_files.h"
#include "analysis/wrapped_text.h"
#include "core/errors.h"
#include "core/results/hdf5_apart.h"
#include "core/settings/printable.h"
#include "experiments/commands/command.h"
#include "experiments/console/message.h"

namespace speclab {
namespace {

namespace po = boost::program_options;

std::vector<LoadedPoint> load_all(const std::vector<std::string>& files) {
  std::vector<LoadedPoint> all;
  for (const std::string& file : files) {
    LoadedResults some = load_results(file);
    for (const std::string& remark : some.remarks) print_note(remark);
    std::ranges::move(some.points, std::back_inserter(all));
  }
  return all;
}

// What is there already is written over only where it is figure data, which can be made again.
void check_figure_data(const std::filesystem::path& path, const std::vector<std::string>& files) {
  if (!std::filesystem::exists(path)) return;
  for (const std::string& file : files) {
    std::error_code none;
    if (std::filesystem::equivalent(path, file, none))
      throw ConfigError(
          fmt::format("--figure-data {} would write over what it reads; name another file", path.string()));
  }
  bool replaceable = false;
  try {
    const Hdf5Apart there(path);
    replaceable = there.has("/rows") && there.attributes("/").contains("measured_on");
  } catch (const Hdf5Error&) {
  }
  if (!replaceable)
    throw ConfigError(fmt::format("--figure-data {}: this file is there, and is no figure data; name another",
                                  path.string()));
}

}  // namespace

void print_metrics() {
  for (const Metric& m : metrics()) {
    fmt::print("{}{}\n  {}\n", m.name, m.unit.empty() ? "" : fmt::format(" [{}]", m.unit),
               wrapped(m.formula, 2));
    if (!m.convention.empty()) fmt::print("  {}\n", wrapped(m.convention, 2));
  }
}

int report_command(const std::vector<std::string>& arguments, const std::string&) {
  po::options_description options = described_options();
  options.add_options()("markdown", "the table as Markdown")(
      "csv", "all metrics, with intervals and both counts of ratios")("json", "the same as JSON")(
      "metrics", "say how each metric is defined")("figure-data",
                                                   po::value<std::string>()->value_name("OUT.h5"),
                                                   "write all metrics for the figures of analysis/");
  const ParsedOptions parsed = parse_options(
      arguments, options, "file", -1, "speclab report FILE... [options]",
      "Tables from result files: of one point, of a whole experiment, or a folder of\npoints.\n\n"
      "Tables are as wide as COLUMNS says, or the terminal, or 80 columns where there\n"
      "is none.\n\n"
      "  speclab report results/quickstart.h5\n"
      "  speclab report results/quickstart.h5 --csv > quickstart.csv\n\n"
      "exit status: 0 done, 3 error\n");
  if (parsed.help) return 0;
  if (parsed.values.contains("metrics")) {
    print_metrics();
    return 0;
  }
  if (!parsed.values.contains("file"))
    throw ConfigError("which file? usage: speclab report FILE... [options]");
  int forms = 0;
  for (const char* form : {"markdown", "csv", "json", "figure-data"})
    forms += parsed.values.contains(form) ? 1 : 0;
  if (forms > 1) throw ConfigError("give one of --markdown, --csv, --json and --figure-data");
  const auto& files = parsed.values["file"].as<std::vector<std::string>>();
  if (parsed.values.contains("figure-data"))
    check_figure_data(parsed.values["figure-data"].as<std::string>(), files);
  const std::vector<LoadedPoint> points = load_all(files);
  if (parsed.values.contains("figure-data")) {
    write_figure_data(points, parsed.values["figure-data"].as<std::string>());
  } else if (parsed.values.contains("csv")) {
    fmt::print("{}", to_csv(metric_table(points)));
  } else if (parsed.values.contains("json")) {
    fmt::print("{}\n", to_json(metric_table(points)).dump(1));
  } else {
    const Report report = build_report(points);
    fmt::print("{}", printable(parsed.values.contains("markdown") ? to_markdown(report)
                                                                  : to_text(report, output_width())));
  }
  return 0;
}

}  // namespace speclab
