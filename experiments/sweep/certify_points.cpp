#include "experiments/sweep/certify_points.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "analysis/certificate/certificate_text.h"
#include "core/errors.h"
#include "core/results/atomic_file.h"
#include "experiments/certify/certificate_summary.h"
#include "experiments/certify/certified_point.h"
#include "experiments/certify/certify_settings.h"
#include "experiments/console/message.h"
#include "experiments/console/progress.h"
#include "experiments/point/point_runner.h"
#include "experiments/sweep/points.h"

namespace speclab {
namespace {

int severity(Decision d) { return d == Decision::lossy ? 2 : d == Decision::undecided ? 1 : 0; }

struct Asked {
  Config config;
  StatisticalOptions options;
};

// The points that can be certified, each once, and into `settings` what tells them apart.
std::vector<Asked> subjects(const Experiment& experiment, ModelCache& cache,
                            std::vector<Settings>& settings) {
  std::vector<Asked> all;
  std::map<std::string, int> skipped;  // reasons
  std::set<std::uint64_t> seen;        // points that differ only in settings that they do not use are one
  for (const PointRequest& request : points(experiment)) {
    if (!request.skipped.empty()) {
      ++skipped[request.skipped];
      continue;
    }
    try {
      PointSettings asked{experiment.name, make_point_runner(request.config, cache)->settings()};
      const nlohmann::json certify = request.config.sections.value("certify", nlohmann::json::object());
      for (const auto& [key, value] : certify.items()) asked.settings["certify." + key] = value;
      const StatisticalOptions options = read_certify(request.config).options;
      if (!seen.insert(asked.key()).second) continue;
      all.push_back({request.config, options});
      settings.push_back(std::move(asked.settings));
    } catch (const ImpossiblePoint& e) {
      ++skipped[e.what()];
    }
  }
  for (const auto& [reason, count] : skipped)
    print_message(fmt::format("skipped{}: {}", count > 1 ? fmt::format(", {} points", count) : "", reason));
  return all;
}

void write_all(const std::filesystem::path& path, const Provenance& made,
               const std::vector<CertifiedPoint>& points) {
  Hdf5File file = new_certificate_file(path, "speclab certificates", made);
  for (std::size_t i = 0; i < points.size(); ++i)
    write_point(file, fmt::format("/point/{:04}", i), points[i]);
  replace_file(path, file.image());
}

}  // namespace

Subject subject_of(PointRunner& runner) {
  return {.target = runner.target(),
          .rule = runner.rule(),
          .reader = runner.reader(),
          .plainly = [&](std::span<Sequence> all) { runner.decode_plainly(all); },
          .by_method = [&](std::span<Sequence> all, AcceptanceRule& rule) { runner.decode(all, rule); },
          .seed = runner.workload().seed,
          .sequences =
              [workload = runner.workload()](std::uint64_t seed) {
                Workload seeded = workload;
                seeded.seed = seed;
                return seeded.sequences();
              }};
}

Hdf5File new_certificate_file(const std::filesystem::path& path, const std::string& format,
                              const Provenance& made) {
  Hdf5File file = Hdf5File::in_memory(path);
  file.set("/", "format", format);
  file.set("/", "git_commit", made.git_commit);
  file.set("/", "version", made.version);
  file.set("/", "cpu", made.cpu);
  file.set("/", "started_at", made.started_at);
  file.set("/", "command_line", made.command_line);
  return file;
}

Decision certify_points(const Experiment& experiment, const std::filesystem::path& path,
                        const Provenance& made, CertificateDetail detail) {
  ModelCache cache(0);
  std::vector<Settings> asked;
  std::vector<Asked> all = subjects(experiment, cache, asked);
  const std::vector<Settings> differs = differing(asked);
  std::vector<CertifiedPoint> points;
  Decision verdict = Decision::lossless;
  std::set<std::string> said;  // remarks
  for (std::size_t i = 0; i < all.size(); ++i) {
    try {
      const std::unique_ptr<PointRunner> runner = make_point_runner(all[i].config, cache);
      StatisticalOptions& options = all[i].options;
      Provenance described = made;
      runner->describe(described);
      Progress progress(static_cast<std::size_t>(options.tokens), "tokens");
      options.emitted = [&](std::int64_t tokens) { progress.reached(static_cast<std::size_t>(tokens), ""); };
      for (const std::string& remark : described.remarks)
        if (said.insert(remark).second) progress.say(remark);
      CertifiedPoint point =
          certify_point(subject_of(*runner), runner->settings(), described.device, options);
      point.differs = differs[i];
      if (severity(point.decision) > severity(verdict)) verdict = point.decision;
      if (detail == CertificateDetail::whole) {
        fmt::print("{}{}", points.empty() ? "" : "\n", to_text(point, runner->tokenizer()));
        std::fflush(stdout);
      }
      points.push_back(std::move(point));
    } catch (const ImpossiblePoint& e) {
      print_message(fmt::format("skipped: {}", e.what()));
      continue;
    }
    write_all(path, made, points);
  }
  if (points.empty()) throw ConfigError("every point is skipped: there is nothing to certify");
  if (detail == CertificateDetail::summary || points.size() > 1)
    fmt::print("{}{}", detail == CertificateDetail::whole ? "\n" : "", summary(points));
  return verdict;
}

}  // namespace speclab
