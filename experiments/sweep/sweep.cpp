#include "experiments/sweep/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "analysis/merge.h"
#include "analysis/point_file.h"
#include "core/errors.h"
#include "core/on_threads.h"
#include "core/results/hdf5_apart.h"
#include "core/results/hdf5_recorder.h"
#include "core/settings/printable.h"
#include "experiments/console/progress.h"
#include "experiments/point/point_runner.h"
#include "experiments/point/provenance.h"
#include "experiments/point/serve.h"
#include "experiments/sweep/folder_lock.h"
#include "experiments/sweep/points.h"
#include "experiments/sweep/setting_names.h"

namespace speclab {
namespace {

struct Point {
  Config config;
  PointSettings settings;
  std::string skipped;  // the reason, or empty
  std::string failed;   // why it broke before it began, or empty
  bool alone = false;   // runs while nothing else does
};

std::map<std::string, nlohmann::json> as_given(const Config& config) {
  std::map<std::string, nlohmann::json> flat;
  for (const auto& [section, settings] : config.sections.items()) {
    for (const auto& [key, value] : settings.items()) flat[section + "." + key] = value;
  }
  return flat;
}

std::string label(const PointSettings& settings) {
  std::string text;
  for (const char* key : {"drafter.kind", "topology.kind", "topology.length", "topology.widths",
                          "sampling.temperature", "workload.prompts"}) {
    const auto found = settings.settings.find(key);
    if (found == settings.settings.end()) continue;
    text += (text.empty() ? "" : " ") +
            (found->second.is_string() ? found->second.get<std::string>() : found->second.dump());
  }
  return text;
}

Point resolve(const PointRequest& request, const std::string& experiment, ModelCache& cache) {
  Point point{request.config, {experiment, {}}, request.skipped, "", false};
  if (point.skipped.empty()) {
    try {
      const std::unique_ptr<PointRunner> runner = make_point_runner(request.config, cache);
      point.settings.settings = runner->settings();
      point.alone = runner->measured() || runner->on_device();
      return point;
    } catch (const ImpossiblePoint& e) {
      point.skipped = e.what();
    } catch (const ConfigError&) {
      throw;
    } catch (const std::exception& e) {
      point.failed = e.what();
      cache = ModelCache(cache.threads());
    }
  }
  point.settings.settings = as_given(request.config);
  return point;
}

class Sweep {
 public:
  Sweep(const Experiment& experiment, const SweepOptions& options)
      : options_(options), experiment_(experiment.name), cache_(0) {
    Hdf5Apart::prepare();  // before there are models
    std::set<std::uint64_t> seen;
    for (const PointRequest& request : points(experiment)) {
      Point point = resolve(request, experiment.name, cache_);
      if (!seen.insert(point.settings.key()).second) {
        ++outcome_.same;  // differs from another only in settings that it does not use
        continue;
      }
      keys_.insert(point.settings.name());
      points_.push_back(std::move(point));
    }
    check_spelling(experiment);
    outcome_.file = options.results / (experiment.name + ".h5");
  }

  SweepOutcome run() {
    const FolderLock lock(options_.results / experiment_);
    std::optional<Merged> merged = leave_out_finished();  // as they are while nobody else writes
    if (!merged) merged = run_and_merge();
    outcome_.unreadable = std::move(merged->unreadable);
    outcome_.others = merged->others;
    return outcome_;
  }

 private:
  Merged run_and_merge() {
    Progress progress(alone_.size() + together_.size());
    run_together(progress);
    for (const Point* point : alone_) run_point(*point, cache_, progress);
    progress.line(fmt::format("merging {} points", keys_.size()));
    return merge_points(options_.results / experiment_, keys_);
  }

  // Reads every point that is there to its end: rows that cannot be read are run again too. Merges them on
  // the way, so that a sweep of which nothing is left to run reads each file once.
  std::optional<Merged> leave_out_finished() {
    std::optional<Merge> merge(options_.results / experiment_);
    std::set<std::string> finished;
    for (const std::string& key : keys_) {
      const std::filesystem::path file = options_.results / experiment_ / (key + ".h5");
      const std::optional<PointStatus> status = whole_status(file, merge);
      if (!status || status->status == kFailed) {
        if (!status) keep_earlier(file);
        merge.reset();
        continue;
      }
      finished.insert(key);
      ++outcome_.kept;
      outcome_.skipped += status->status == kSkipped ? 1 : 0;
    }
    for (Point& point : points_) {
      if (!finished.contains(point.settings.name())) (point.alone ? alone_ : together_).push_back(&point);
    }
    if (!merge) return std::nullopt;
    return merge->finish();
  }

  // What another version wrote is not written over: it gets another name.
  void keep_earlier(const std::filesystem::path& file) {
    if (!std::filesystem::exists(file)) return;
    const std::optional<std::int64_t> schema = other_schema(file);
    if (!schema) return;
    std::filesystem::rename(file, fmt::format("{}.schema-{}", file.string(), *schema));
    ++outcome_.earlier;
  }

  static std::optional<PointStatus> whole_status(const std::filesystem::path& file,
                                                 std::optional<Merge>& merge) {
    if (!std::filesystem::exists(file)) return std::nullopt;
    try {
      const std::vector<LoadedPoint> points = merge ? std::vector{merge->add(file)} : load_points(file);
      if (points.size() == 1) return PointStatus{points.front().status, points.front().reason};
    } catch (const Hdf5Error&) {
    }
    return std::nullopt;
  }

  void run_together(Progress& progress) {
    const int jobs =
        options_.jobs > 0 ? options_.jobs : static_cast<int>(std::thread::hardware_concurrency());
    on_threads(jobs, together_.size(), [&] {
      return [this, &progress, cache = std::make_shared<ModelCache>(1)](std::size_t i) {
        run_point(*together_[i], *cache, progress);
      };
    });
  }

  void run_point(const Point& point, ModelCache& cache, Progress& progress) {
    Provenance made = provenance(options_.command_line);
    std::string note;
    if (!point.skipped.empty()) {
      Hdf5Recorder recorder(options_.results, RecordMode::counts);
      recorder.begin(point.settings, made);
      recorder.skip(point.skipped);
      note = "  skipped: " + point.skipped;
      count(&SweepOutcome::skipped);
    } else {
      std::unique_ptr<PointRunner> runner;
      std::optional<Hdf5Recorder> recorder;
      const auto begin = [&](RecordMode mode) {
        recorder.emplace(options_.results, mode);
        recorder->begin(point.settings, made);
      };
      try {
        if (!point.failed.empty()) throw std::runtime_error(point.failed);
        runner = make_point_runner(point.config, cache);
        runner->describe(made);
        for (const std::string& remark : made.remarks) progress.say(remark);
        note_unused(made.unused);
        begin(runner->steps_recorded() ? RecordMode::steps : RecordMode::counts);
        runner->run(*recorder);
        recorder->finish();
        count(&SweepOutcome::ran);
      } catch (const Interrupted&) {
        throw;
      } catch (const Hdf5Error&) {
        throw;
      } catch (const std::exception& e) {
        runner.reset();
        cache = ModelCache(cache.threads());  // its models may hold half-finished sequences
        if (!recorder) begin(RecordMode::counts);
        recorder->fail(e.what());
        note = std::string("  failed: ") + e.what();
        count(&SweepOutcome::failed);
      }
    }
    progress.done(label(point.settings) + note);
  }

  // What some points of a sweep do not use is for the others.
  void note_unused(std::vector<std::string> unused) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(some_described_, true)) {
      std::erase_if(outcome_.unused,
                    [&](const std::string& s) { return std::ranges::count(unused, s) == 0; });
    } else {
      outcome_.unused = std::move(unused);
    }
  }

  void count(int SweepOutcome::*what) {
    const std::lock_guard lock(mutex_);
    ++(outcome_.*what);
  }

  const SweepOptions& options_;
  std::string experiment_;
  ModelCache cache_;
  std::set<std::string> keys_;  // of all points of this sweep
  std::vector<Point> points_;
  std::vector<const Point*> alone_, together_;  // of them, those that are to be run
  std::mutex mutex_;
  bool some_described_ = false;
  SweepOutcome outcome_;
};

}  // namespace

std::string to_text(const SweepOutcome& outcome) {
  std::string out = fmt::format("{} points ran, {} were there already", outcome.ran, outcome.kept);
  if (outcome.skipped > 0) out += fmt::format(", {} skipped with a reason", outcome.skipped);
  if (outcome.same > 0) out += fmt::format(", {} the same as another", outcome.same);
  if (outcome.failed > 0) out += fmt::format(", {} FAILED", outcome.failed);
  out += "\n";
  if (outcome.earlier > 0) {
    out += fmt::format(
        "note: {} points were there in the files of another version of this program; these are kept as "
        "*.schema-N\n",
        outcome.earlier);
  }
  for (const std::string& remark : outcome.unused) out += fmt::format("note: {}\n", printable_line(remark));
  for (const std::string& file : outcome.unreadable)
    out += fmt::format("left out: {}\n", printable_line(file));
  if (outcome.others > 0) {
    std::filesystem::path folder = outcome.file;
    folder.replace_extension();
    out += fmt::format(
        "note: {} has the points of this sweep; {} more of other sweeps lie in {}, and `speclab report {}` "
        "shows all\n",
        outcome.file.string(), outcome.others, folder.string(), folder.string());
  }
  return out;
}

SweepOutcome run_sweep(const Experiment& experiment, const SweepOptions& options) {
  return Sweep(experiment, options).run();
}

}  // namespace speclab
