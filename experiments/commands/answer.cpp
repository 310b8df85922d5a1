#include <fmt/format.h>

#include "analysis/figure_data.h"
#include "analysis/point_file.h"
#include "analysis/report.h"
#include "core/settings/printable.h"
#include "experiments/commands/command.h"
#include "experiments/config/files.h"
#include "experiments/console/child_program.h"
#include "experiments/point/provenance.h"
#include "experiments/sweep/certify_points.h"
#include "experiments/sweep/figure_settings.h"
#include "experiments/sweep/points.h"
#include "experiments/sweep/sweep.h"

namespace speclab {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;
using nlohmann::json;

// Where an answer's parts lie: all in one folder, by the experiment's name.
struct AnswerFiles {
  fs::path points, certificate, metrics, figure;  // the figure without its suffix
};

AnswerFiles files_of(const fs::path& folder, const std::string& name) {
  return {folder / (name + ".h5"), folder / (name + "-certificate.h5"), folder / (name + ".metrics.h5"),
          folder / name};
}

// [figure] and the axes as they are in effect, for the program that draws.
std::string in_effect(const Config& config, const std::vector<Axis>& axes) {
  json listed = json::array();
  for (const Axis& axis : axes) listed.push_back({{"key", axis.key}, {"values", axis.values}});
  return json{{"figure", config.sections.at("figure")}, {"axes", listed}}.dump();
}

void draw(const FigureSettings& figure, const std::string& config, const std::string& settings,
          const AnswerFiles& files) {
  std::vector<std::string> program{"/usr/bin/python3",
                                   project_file("analysis/figures/figure.py").string(),
                                   config,
                                   files.metrics.string(),
                                   files.figure.string(),
                                   "--settings",
                                   settings};
  if (figure.certificates) program.insert(program.end(), {"--certificates", files.certificate.string()});
  std::fflush(stdout);
  if (const int status = run_child(program); status != 0) {
    throw std::runtime_error(fmt::format(
        "the figure was not drawn: {} ended with {}; the table is whole, and its numbers lie in {}",
        program[1], status, files.metrics.string()));
  }
}

}  // namespace

int answer_command(const std::vector<std::string>& arguments, const std::string& command_line) {
  po::options_description options = described_options();
  add_settings(options, "override a setting; several values make an axis, as of sweep");
  add_results(options, "where everything goes");
  options.add_options()("jobs,j", po::value<int>()->default_value(0)->value_name("N"),
                        "threads for priced points; 0: all cores");
  const ParsedOptions parsed =
      parse_options(arguments, options, "config", 1, "speclab answer CONFIG.toml [options]",
                    "Answers a config's question: sweeps it, certifies its points where its [figure]\n"
                    "shows certificates, prints the table and draws the figure. All parts see the\n"
                    "same options and lie in one folder: FOLDER/<experiment>.h5, .png, .svg,\n"
                    ".metrics.h5 and -certificate.h5. Finished points are kept.\n\n"
                    "  speclab answer configs/batch.toml\n"
                    "  speclab answer configs/batch.toml --set price.device=a100-80gb-sxm -o a100\n\n"
                    "exit status: 0 done, 1 points failed, 3 error, 130 interrupted\n");
  if (parsed.help) return 0;
  const Experiment experiment = named_experiment(parsed, "answer", Axes::keep);
  const Config config = points(experiment).front().config;
  const bool drawn = config.sections.contains("figure");
  const FigureSettings figure = drawn ? read_figure(config) : FigureSettings{};
  const fs::path folder = results_folder(parsed);
  const AnswerFiles files = files_of(folder, experiment.name);

  SweepOptions sweep{
      .results = folder, .jobs = parsed.values["jobs"].as<int>(), .command_line = command_line};
  const SweepOutcome outcome = run_sweep(experiment, sweep);
  fmt::print(stderr, "{}", to_text(outcome));
  if (figure.certificates) {  // a lossy strategy is an answer here, not a failure
    certify_points(experiment, files.certificate, provenance(command_line), CertificateDetail::summary);
    fmt::print("\n");
  }
  const std::vector<LoadedPoint> points = load_points(files.points);
  fmt::print("{}\n", printable(to_text(build_report(points), output_width())));
  fmt::print("{}  all points\n", files.points.string());
  if (figure.certificates) fmt::print("{}  their certificates\n", files.certificate.string());
  if (drawn) {
    write_figure_data(points, files.metrics);
    draw(figure, parsed.values["config"].as<std::vector<std::string>>().front(),
         in_effect(config, experiment.axes), files);
    fmt::print("{0}.png  the figure; also {0}.svg\n", files.figure.string());
  } else {
    fmt::print("no figure: the config has no [figure]\n");
  }
  return outcome.failed > 0 ? 1 : 0;
}

}  // namespace speclab
