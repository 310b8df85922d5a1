#include <fmt/format.h>

#include "analysis/point_file.h"
#include "analysis/report.h"
#include "core/errors.h"
#include "core/results/hdf5_recorder.h"
#include "core/settings/printable.h"
#include "experiments/commands/command.h"
#include "experiments/config/config_file.h"
#include "experiments/console/message.h"
#include "experiments/point/point_runner.h"
#include "experiments/point/provenance.h"
#include "experiments/sweep/points.h"
#include "experiments/sweep/setting_names.h"

namespace speclab {
namespace {

namespace po = boost::program_options;

void print_texts(const PointRunner& runner, std::span<const std::vector<Token>> written, int count) {
  const auto max = std::min(static_cast<std::size_t>(count), written.size());
  for (std::size_t i = 0; i < max; ++i) {
    fmt::print("\n--- prompt {}\n{}\n--- goes on\n{}\n", i + 1,
               printable(runner.tokenizer()->decode(runner.workload().requests[i].prompt, true)),
               printable(runner.tokenizer()->decode(written[i], true)));
  }
}

}  // namespace

int run_command(const std::vector<std::string>& arguments, const std::string& command_line) {
  po::options_description options = described_options();
  add_settings(options, "override a setting");
  add_results(options, "where results go");
  options.add_options()("text", po::value<int>()->default_value(0)->value_name("N"),
                        "print the texts of the first N prompts");
  const ParsedOptions parsed =
      parse_options(arguments, options, "config", 1, "speclab run CONFIG.toml [options]",
                    "Runs one point, even if its result is there already: the method and plain\n"
                    "decoding in turn, over the same prompts. Prints its table and writes\n"
                    "FOLDER/<experiment>/<key>.h5. Axes of the config are left out.\n\n"
                    "  speclab run configs/smoke.toml\n"
                    "  speclab run configs/smoke.toml --set drafter.kind=ngram --text 2\n\n"
                    "exit status: 0 done, 3 error, 130 interrupted\n");
  if (parsed.help) return 0;
  const int texts = parsed.values["text"].as<int>();
  if (texts < 0) throw ConfigError(fmt::format("--text {} is to be at least 0", texts));
  const std::filesystem::path results = results_folder(parsed);
  const Experiment experiment = named_experiment(parsed, "run", Axes::drop);
  if (!experiment.axes.empty()) {
    throw ConfigError(
        fmt::format("--set {} gives several values; `speclab sweep` runs them", experiment.axes.front().key));
  }
  const PointRequest request = points(experiment).front();
  if (!request.skipped.empty()) throw ConfigError("this point is skipped: " + request.skipped);

  ModelCache cache(0);
  PointRunner runner(request.config, cache);
  check_spelling(experiment);
  const PointSettings settings{experiment.name, runner.settings()};
  Provenance made = provenance(command_line);
  runner.describe(made);
  for (const std::string& remark : made.remarks) print_note(remark);
  for (const std::string& remark : made.unused) print_note(remark);
  Hdf5Recorder recorder(results, runner.steps_recorded() ? RecordMode::steps : RecordMode::counts);
  recorder.begin(settings, made);
  const std::vector<HeadRecord> heads = runner.measure_heads();
  fmt::print("{}{}", to_text(heads), heads.empty() ? "" : "\n");
  std::fflush(stdout);
  recorder.heads(heads);
  const std::vector<std::vector<Token>> written = runner.run(recorder);
  recorder.finish();

  const std::filesystem::path file = point_path(results, settings);
  fmt::print("{}", printable(to_text(build_report(load_points(file)), output_width())));
  if (texts > 0 && runner.tokenizer() != nullptr) print_texts(runner, written, texts);
  fmt::print("\n{}\n", file.string());
  return 0;
}

}  // namespace speclab
