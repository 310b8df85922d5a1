#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <thread>

#include "analysis/certificate/certificate_file.h"
#include "analysis/certificate/certificate_text.h"
#include "analysis/certificate/trace.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "experiments/certify/certified_point.h"
#include "experiments/certify/trial_table.h"
#include "experiments/commands/command.h"
#include "experiments/config_file.h"
#include "experiments/progress.h"
#include "experiments/provenance.h"

namespace speclab {
namespace {

namespace po = boost::program_options;

struct CertifySettings {
  StatisticalOptions options;
  bool trials = false;  // many certificates on small worlds instead of one of the config's own models
  TrialOptions trial;
};

CertifySettings read_settings(const Config& config) {
  Params p("certify", config.sections.value("certify", nlohmann::json::object()), config.places);
  CertifySettings settings;
  StatisticalOptions& options = settings.options;
  options.tokens = p.integer({"tokens"}, static_cast<int>(options.tokens), {.least = 1},
                             "emitted at least; the most where it stops when decided");
  options.certificate.level =
      p.number({"level"}, options.certificate.level, {.least = 0, .most = 0.5, .open_least = true},
               "probability that an honest strategy is called lossy, all tests together");
  options.certificate.distance =
      p.number({"distance"}, options.certificate.distance, {.least = 0, .most = 1, .open_least = true},
               "total variation that must not go unnoticed for LOSSLESS");
  options.until_decided = p.flag({"until_decided"}, false, "stop as soon as the verdict is certain");
  const int seeds =
      p.integer({"seeds"}, 0, {.least = 0},
                "certificates on random small worlds, to see how often each verdict comes; 0: none");
  settings.trial.control =
      p.text({"control"}, "", "a strategy broken on purpose; \"\": speculative sampling");
  settings.trial.first_seed =
      static_cast<std::uint64_t>(p.integer({"first_seed"}, 0, {.least = 0}, "of those"));
  if (seeds == 0 && !settings.trial.control.empty()) {
    p.fail("control", "needs certify.seeds: controls run on small worlds");
  }
  p.finish();
  settings.trials = seeds > 0;
  settings.trial.seeds = seeds;
  settings.trial.certificate = options.certificate;
  settings.trial.tokens = options.tokens;
  settings.trial.until_decided = options.until_decided;
  settings.trial.jobs = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  return settings;
}

// The worse of two: lossy, then undecided, then lossless.
Decision worse(Decision a, Decision b) {
  const auto rank = [](Decision d) { return d == Decision::lossy ? 2 : d == Decision::undecided ? 1 : 0; };
  return rank(a) >= rank(b) ? a : b;
}

Hdf5File new_file(const std::filesystem::path& path, const std::string& format, const Provenance& made) {
  Hdf5File file = Hdf5File::in_memory(path);
  file.set("/", "format", format);
  file.set("/", "git_commit", made.git_commit);
  file.set("/", "version", made.version);
  file.set("/", "cpu", made.cpu);
  file.set("/", "started_at", made.started_at);
  file.set("/", "command_line", made.command_line);
  return file;
}

// One certificate per point. What is finished is on the disk before the next one begins.
int certify_points(const Experiment& experiment, const std::filesystem::path& path, const Provenance& made) {
  ModelShelf shelf(0);
  std::vector<CertifiedPoint> points;
  Decision verdict = Decision::lossless;
  std::set<std::string> said;    // remarks
  std::set<std::uint64_t> seen;  // points that differ only in settings that they do not use are one
  for (const PointRequest& request : speclab::points(experiment)) {
    if (!request.skipped.empty()) {
      fmt::print(stderr, "skipped: {}\n", request.skipped);
      continue;
    }
    try {
      StatisticalOptions options = read_settings(request.config).options;
      const std::unique_ptr<Rig> rig = make_rig(request.config, shelf);
      PointSettings asked{experiment.name, rig->settings()};
      asked.settings["certify"] = request.config.sections.value("certify", nlohmann::json::object());
      if (!seen.insert(asked.key()).second) continue;
      Provenance described = made;
      rig->describe(described);
      Progress progress(static_cast<std::size_t>(options.tokens), "tokens");
      options.emitted = [&](std::int64_t tokens) { progress.reached(static_cast<std::size_t>(tokens), ""); };
      for (const std::string& remark : described.remarks)
        if (said.insert(remark).second) progress.say(remark);
      points.push_back(certify_point(*rig, options));
      verdict = worse(verdict, points.back().decision);
      fmt::print("{}{}", points.size() > 1 ? "\n" : "", to_text(points.back(), rig->tokenizer()));
      std::fflush(stdout);
    } catch (const ImpossiblePoint& e) {
      fmt::print(stderr, "skipped: {}\n", e.what());
      continue;
    }
    Hdf5File file = new_file(path, "speclab certificates", made);
    for (std::size_t i = 0; i < points.size(); ++i) {
      write_point(file, fmt::format("/point/{:04}", i), points[i]);
    }
    replace_file(path, file.image());
  }
  if (points.empty()) throw ConfigError("every point is skipped: there is nothing to certify");
  if (points.size() > 1) {
    fmt::print("\n");
    for (const CertifiedPoint& point : points) fmt::print("{:<9}  {}\n", name(point.decision), point.title());
  }
  return static_cast<int>(verdict);
}

// How often strategies get each verdict; no verdict of its own.
int certify_trials(const Experiment& experiment, const std::filesystem::path& path, const Provenance& made) {
  std::vector<Trials> all;
  for (const PointRequest& request : speclab::points(experiment)) {
    const TrialOptions options = read_settings(request.config).trial;
    all.push_back({options, run_trials(options)});
    fmt::print(stderr, "{}: {} of {} lossy\n", options.control.empty() ? "correct" : options.control,
               all.back().outcome.lossy, all.back().outcome.seeds);
    Hdf5File file = new_file(path, "speclab certificate trials", made);
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
  fmt::print("certificate of {}: {} steps\n\n{}", log.string(), trace.steps, to_text(certificate));
  if (!trace.undecidable.empty()) fmt::print("\nwhat this log cannot decide:\n");
  for (const std::string& sentence : trace.undecidable) fmt::print("  {}\n", sentence);
  fmt::print("\n{}\n", name(certificate.decision));
  Hdf5File file = new_file(path, "speclab certificates", made);
  file.make_group("/point/0000");
  file.set("/point/0000", "title", log.filename().string());
  file.set("/point/0000", "decision", std::string(name(certificate.decision)));
  write_certificate(file, "/point/0000/statistical", certificate, trace.evidence);
  replace_file(path, file.image());
  return static_cast<int>(certificate.decision);
}

}  // namespace

int certify_command(const std::vector<std::string>& arguments, const std::string& command_line) {
  po::options_description options("options");
  add_settings(options, "override a setting; several values certify each");
  options.add_options()("tokens,n", po::value<std::string>()->value_name("N"),
                        "emit at least N tokens (100000)")(
      "level", po::value<std::string>()->value_name("P"),
      "probability that an honest strategy is called lossy, all tests together (0.001)")(
      "distance", po::value<std::string>()->value_name("D"),
      "total variation that must not go unnoticed for LOSSLESS (0.05)")(
      "until-decided", "look again and again, up to N tokens, and stop as soon as the verdict is certain")(
      "trace", po::value<std::string>()->value_name("FILE"),
      "certify what another engine logged (analysis/TRACE.md) instead of a config")(
      "results,o", po::value<std::string>()->default_value("results")->value_name("FOLDER"),
      "where results go");
  const ParsedOptions parsed = parse_options(
      arguments, options, "config", 1, "speclab certify CONFIG.toml [options]",
      "Is the text distributed exactly as the target's own? Answers LOSSLESS, LOSSY or UNDECIDED for every\n"
      "point of the config: every outcome on small vocabularies, then a test of each token that the "
      "config's\n"
      "own models emit, or at temperature 0 a comparison with plain decoding. analysis/CERTIFICATE.md says\n"
      "what is proved, what is tested, and what neither can show. Writes "
      "FOLDER/<experiment>-certificate.h5.\n"
      "\n"
      "  speclab certify configs/smoke.toml --set sampling.temperature=0,1\n"
      "  speclab certify configs/smoke.toml --set sampling.temperature=1 --tokens 1000000 --until-decided\n"
      "  speclab certify --trace engine.jsonl\n\n"
      "exit status: 0 lossless, 1 lossy, 2 undecided, 3 error\n");
  if (parsed.help) return 0;
  const bool log = parsed.values.contains("trace");
  if (log == parsed.values.contains("config")) {
    throw ConfigError("a config or --trace FILE, one of them; usage: speclab certify CONFIG.toml [options]");
  }
  if (log && parsed.values.contains("set")) {
    throw ConfigError("--set changes a config; with --trace there is none");
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
  const std::filesystem::path folder = parsed.values["results"].as<std::string>();
  check_writable(folder);
  const std::filesystem::path path = folder / (experiment.name + "-certificate.h5");
  const Provenance made = provenance(command_line);
  const CertifySettings settings = read_settings(speclab::points(experiment).front().config);
  const int status =
      log ? certify_log(parsed.values["trace"].as<std::string>(), settings.options.certificate, path, made)
      : settings.trials ? certify_trials(experiment, path, made)
                        : certify_points(experiment, path, made);
  fmt::print("\n{}\n", path.string());
  return status;
}

}  // namespace speclab
