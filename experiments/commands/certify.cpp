#include <fmt/format.h>

#include <algorithm>

#include "analysis/certificate/certificate_text.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "experiments/certify/certified_point.h"
#include "experiments/commands/command.h"
#include "experiments/config_file.h"
#include "experiments/provenance.h"

namespace speclab {
namespace {

namespace po = boost::program_options;

StatisticalOptions read_options(const Config& config) {
  Params p("certify", config.sections.value("certify", nlohmann::json::object()), config.places);
  StatisticalOptions options;
  options.tokens = p.integer({"tokens"}, static_cast<int>(options.tokens), {.least = 1},
                             "emitted at least; the most where it stops when decided");
  options.certificate.level =
      p.number({"level"}, options.certificate.level, {.least = 0, .most = 0.5, .open_least = true},
               "probability that an honest strategy is called lossy, all tests together");
  options.certificate.distance =
      p.number({"distance"}, options.certificate.distance, {.least = 0, .most = 1, .open_least = true},
               "total variation that must not go unnoticed for LOSSLESS");
  options.until_decided = p.flag({"until_decided"}, false, "stop as soon as the verdict is certain");
  p.finish();
  return options;
}

// The worst of two: lossy beats undecided beats lossless.
Decision worse(Decision a, Decision b) {
  const auto rank = [](Decision d) { return d == Decision::lossy ? 2 : d == Decision::undecided ? 1 : 0; };
  return rank(a) >= rank(b) ? a : b;
}

void save(const std::filesystem::path& path, const std::vector<CertifiedPoint>& points,
          const Provenance& made) {
  Hdf5File file = Hdf5File::in_memory(path);
  file.set("/", "format", "speclab certificates");
  file.set("/", "git_commit", made.git_commit);
  file.set("/", "version", made.version);
  file.set("/", "cpu", made.cpu);
  file.set("/", "started_at", made.started_at);
  file.set("/", "command_line", made.command_line);
  for (std::size_t i = 0; i < points.size(); ++i) {
    write_point(file, fmt::format("/point/{:04}", i), points[i]);
  }
  replace_file(path, file.image());
}

}  // namespace

int certify_command(const std::vector<std::string>& arguments, const std::string& command_line) {
  po::options_description options("options");
  options.add_options()("set,s", po::value<std::vector<std::string>>()->composing()->value_name("KEY=VALUE"),
                        "override a setting; several values certify each")(
      "tokens,n", po::value<std::string>()->value_name("N"), "emit at least N tokens (20000)")(
      "level", po::value<std::string>()->value_name("P"),
      "probability that an honest strategy is called lossy, all tests together (0.001)")(
      "distance", po::value<std::string>()->value_name("D"),
      "total variation that must not go unnoticed for LOSSLESS (0.05)")(
      "until-decided", "look again and again, up to N tokens, and stop as soon as the verdict is certain")(
      "results,o", po::value<std::string>()->default_value("results")->value_name("FOLDER"),
      "where results go");
  const ParsedOptions parsed = parse_options(
      arguments, options, "config", 1, "speclab certify CONFIG.toml [options]",
      "Is the text distributed exactly as the target's own? Answers LOSSLESS, LOSSY or UNDECIDED for every "
      "point of\n"
      "the config: by tests of each emitted token against the target's distribution, or by comparison with "
      "plain\n"
      "decoding at temperature 0. analysis/CERTIFICATE.md says what is proved, what is tested, and what "
      "neither can\n"
      "show. Writes FOLDER/<experiment>-certificate.h5.\n\n"
      "  speclab certify configs/smoke.toml --set sampling.temperature=0,1\n"
      "  speclab certify configs/smoke.toml --set sampling.temperature=1 --tokens 1000000 --until-decided\n\n"
      "exit status: 0 lossless, 1 lossy, 2 undecided, 3 error\n");
  if (parsed.help) return 0;
  if (!parsed.values.contains("config"))
    throw ConfigError("which config? usage: speclab certify CONFIG.toml [options]");
  Experiment experiment = read_experiment(parsed.values["config"].as<std::vector<std::string>>().front());
  if (parsed.values.contains("set")) {
    for (const std::string& set : parsed.values["set"].as<std::vector<std::string>>())
      apply_set(experiment, set);
  }
  for (const char* key : {"tokens", "level", "distance"}) {
    if (parsed.values.contains(key)) {
      apply_set(experiment, fmt::format("certify.{}={}", key, parsed.values[key].as<std::string>()));
    }
  }
  if (parsed.values.contains("until-decided")) apply_set(experiment, "certify.until_decided=true");
  const std::filesystem::path folder = parsed.values["results"].as<std::string>();
  check_writable(folder);
  const std::filesystem::path path = folder / (experiment.name + "-certificate.h5");

  const Provenance made = provenance(command_line);
  ModelShelf shelf(0);
  std::vector<CertifiedPoint> points;
  Decision verdict = Decision::lossless;
  for (const PointRequest& request : speclab::points(experiment)) {
    if (!request.skipped.empty()) {
      fmt::print(stderr, "skipped: {}\n", request.skipped);
      continue;
    }
    try {
      Rig rig(request.config, shelf);
      points.push_back(certify_point(rig, read_options(request.config)));
      verdict = worse(verdict, points.back().decision);
      fmt::print("{}{}", points.size() > 1 ? "\n" : "", to_text(points.back(), rig.tokenizer()));
    } catch (const ImpossiblePoint& e) {
      fmt::print(stderr, "skipped: {}\n", e.what());
      continue;
    }
    save(path, points, made);  // what is finished is kept, whatever comes
  }
  if (points.empty()) throw ConfigError("every point is skipped: there is nothing to certify");
  if (points.size() > 1) {
    fmt::print("\n");
    for (const CertifiedPoint& point : points) fmt::print("{:<9}  {}\n", name(point.decision), point.title());
  }
  fmt::print("\n{}\n", path.string());
  return static_cast<int>(verdict);
}

}  // namespace speclab
