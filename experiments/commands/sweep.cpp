#include "experiments/sweep/sweep.h"

#include <fmt/format.h>

#include "core/errors.h"
#include "experiments/commands/command.h"

namespace speclab {

namespace po = boost::program_options;

int sweep_command(const std::vector<std::string>& arguments, const std::string& command_line) {
  po::options_description options = described_options();
  add_settings(options,
               "override a setting; several values make an axis: topology.length=1,2,4 or =1..8, "
               "topology.widths=[3,2,1],[4,4]");
  add_results(options, "where results go");
  options.add_options()("jobs,j", po::value<int>()->default_value(0)->value_name("N"),
                        "threads for priced points; 0: all cores");
  const ParsedOptions parsed =
      parse_options(arguments, options, "config", 1, "speclab sweep CONFIG.toml [options]",
                    "Runs every point of the config's [sweep] axes that is not yet in\n"
                    "FOLDER/<experiment>/ and writes all of them into FOLDER/<experiment>.h5.\n"
                    "Interrupt it at any moment and run it again: what was finished is kept.\n\n"
                    "  speclab sweep configs/quickstart.toml\n"
                    "  speclab sweep configs/smoke.toml --set topology.length=1..16\n"
                    "  speclab sweep configs/smoke.toml --set rule.kind=block --set experiment=block\n\n"
                    "exit status: 0 done, 1 points failed, 3 error, 130 interrupted\n");
  if (parsed.help) return 0;
  const Experiment experiment = named_experiment(parsed, "sweep", Axes::keep);
  SweepOptions sweep;
  sweep.results = results_folder(parsed);
  sweep.jobs = parsed.values["jobs"].as<int>();
  sweep.command_line = command_line;
  if (sweep.jobs < 0) throw ConfigError(fmt::format("--jobs {} is to be at least 0", sweep.jobs));
  const SweepOutcome outcome = run_sweep(experiment, sweep);
  fmt::print(stderr, "{}", to_text(outcome));
  fmt::print("{}\n", outcome.file.string());
  return outcome.failed > 0 ? 1 : 0;
}

}  // namespace speclab
