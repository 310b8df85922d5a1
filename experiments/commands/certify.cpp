#include <fmt/format.h>

#include "analysis/certificate/certificate_file.h"
#include "analysis/certificate/certificate_text.h"
#include "analysis/certificate/trace.h"
#include "core/errors.h"
#include "core/results/atomic_file.h"
#include "core/settings/printable.h"
#include "experiments/certify/certify_settings.h"
#include "experiments/certify/trial_table.h"
#include "experiments/commands/command.h"
#include "experiments/config/config_file.h"
#include "experiments/console/message.h"
#include "experiments/point/provenance.h"
#include "experiments/sweep/certify_points.h"
#include "experiments/sweep/points.h"

namespace speclab {
namespace {

namespace po = boost::program_options;

// How often strategies get each verdict; no verdict of its own.
int certify_trials(const Experiment& experiment, const std::filesystem::path& path, const Provenance& made) {
  std::vector<Trials> all;
  for (const PointRequest& request : speclab::points(experiment)) {
    const TrialOptions options = read_certify(request.config).trial;
    all.push_back({options, run_trials(options)});
    print_message(fmt::format("{}: {} of {} lossy", options.control.empty() ? "correct" : options.control,
                              all.back().outcome.lossy, all.back().outcome.seeds));
    Hdf5File file = new_certificate_file(path, "speclab certificate trials", made);
    write_trials(file, "/trials", all);
    replace_file(path, file.image());
  }
  fmt::print("{}", to_text(all));
  return 0;
}

int certify_log(const std::filesystem::path& log, const CertificateOptions& options,
                const std::filesystem::path& path, const Provenance& made) {
  const TraceOutcome trace = read_trace(log, 1);
  const Certificate certificate = certify(trace.evidence, options);
  fmt::print("certificate of {}: {} steps\n\n{}", printable_line(log.string()), trace.steps,
             to_text(certificate));
  if (!trace.undecidable.empty()) fmt::print("\nwhat this log cannot decide:\n");
  for (const std::string& sentence : trace.undecidable) fmt::print("  {}\n", printable_line(sentence));
  fmt::print("\n{}\n", name(certificate.decision));
  Hdf5File file = new_certificate_file(path, "speclab certificates", made);
  file.make_group("/point/0000");
  file.set("/point/0000", "title", log.filename().string());
  file.set("/point/0000", "decision", std::string(name(certificate.decision)));
  write_certificate(file, "/point/0000/statistical", certificate, trace.evidence);
  replace_file(path, file.image());
  return static_cast<int>(certificate.decision);
}

}  // namespace

int certify_command(const std::vector<std::string>& arguments, const std::string& command_line) {
  po::options_description options = described_options();
  add_settings(options, "override a setting; several values certify each");
  options.add_options()("tokens,n", po::value<std::string>()->value_name("N"),
                        "emit at least N tokens (100000)")(
      "level", po::value<std::string>()->value_name("P"),
      "probability that an honest strategy is called lossy, all tests together (0.001)")(
      "distance", po::value<std::string>()->value_name("D"),
      "total variation that must not go unnoticed for LOSSLESS (0.05)")(
      "until-decided", "look again and again, up to N tokens, and stop as soon as the verdict is certain")(
      "trace", po::value<std::string>()->value_name("FILE"),
      "certify what another engine logged (analysis/TRACE.md) instead of a config");
  add_results(options, "where results go");
  const ParsedOptions parsed =
      parse_options(arguments, options, "config", 1, "speclab certify CONFIG.toml [options]",
                    "Is the text distributed exactly as the target's own? Answers LOSSLESS, LOSSY or\n"
                    "UNDECIDED for every point of the config: every outcome on small vocabularies,\n"
                    "then a test of each token that the config's own models emit, or at temperature 0\n"
                    "a comparison with plain decoding. analysis/CERTIFICATE.md says what is proved,\n"
                    "what is tested, and what neither can show. Writes\n"
                    "FOLDER/<experiment>-certificate.h5.\n\n"
                    "  speclab certify configs/smoke.toml --set sampling.temperature=0,1\n"
                    "  speclab certify configs/smoke.toml --set sampling.temperature=1 -n 1000000\n"
                    "  speclab certify --trace engine.jsonl\n\n"
                    "exit status: 0 lossless, 1 lossy, 2 undecided, 3 error, 130 interrupted\n");
  if (parsed.help) return 0;
  const bool log = parsed.values.contains("trace");
  if (log == parsed.values.contains("config")) {
    throw ConfigError("a config or --trace FILE, one of them; usage: speclab certify CONFIG.toml [options]");
  }
  for (const char* option : {"set", "device", "random-weights"}) {
    if (log && parsed.values.contains(option))
      throw ConfigError(fmt::format("--{} changes a config; with --trace there is none", option));
  }
  Experiment experiment;
  if (log) {
    experiment.name = std::filesystem::path(parsed.values["trace"].as<std::string>()).stem().string();
  } else {
    experiment = named_experiment(parsed, "certify", Axes::keep);
  }
  for (const char* key : {"tokens", "level", "distance"}) {
    if (parsed.values.contains(key)) {
      apply_set(experiment, fmt::format("certify.{}={}", key, parsed.values[key].as<std::string>()),
                fmt::format("--{}", key));
    }
  }
  if (parsed.values.contains("until-decided")) {
    if (log) throw ConfigError("--until-decided runs a strategy; a log is as long as it is");
    apply_set(experiment, "certify.until_decided=true", "--until-decided");
  }
  const std::filesystem::path folder = results_folder(parsed);
  check_writable(folder);
  const std::filesystem::path path = folder / (experiment.name + "-certificate.h5");
  const Provenance made = provenance(command_line);
  const CertifySettings settings = read_certify(speclab::points(experiment).front().config);
  const int status =
      log ? certify_log(parsed.values["trace"].as<std::string>(), settings.options.certificate, path, made)
      : settings.trials ? certify_trials(experiment, path, made)
                        : static_cast<int>(certify_points(experiment, path, made, CertificateDetail::whole));
  fmt::print("\n{}\n", path.string());
  return status;
}

}  // namespace speclab
