#include "analysis/point_file.h"

#include <algorithm>
#include <iterator>

#include "core/hdf5.h"

namespace speclab {
namespace {

struct Total {
  Seconds measured = 0, priced = 0, passes = 0;
  int batch = 0;  // sequences in the step
  void add(const ChargeRecord& charge) {
    measured += charge.measured;
    priced += charge.priced;
    if (is_pass(static_cast<Actor>(charge.actor), static_cast<Op>(charge.op))) passes += charge.measured;
    if (static_cast<Op>(charge.op) == Op::step) batch = charge.sequences;
  }
};

Work work_of(const ChargeRecord& c) {
  return {static_cast<Actor>(c.actor),
          static_cast<Op>(c.op),
          c.sequences,
          c.new_tokens,
          c.rows,
          c.context,
          c.pairs};
}

// One run's rows, counted as the recorder would have counted them.
RunTally replay(std::span<const StepRecord> steps, std::span<const ChargeRecord> charges, int role,
                int repeat) {
  RunTally tally(role, repeat);
  std::map<std::int64_t, Total> of_step;
  for (std::size_t i = 0; i < charges.size();) {
    const std::int64_t step = charges[i].step;
    const std::int32_t sequence = charges[i].sequence;
    Total total;
    for (; i < charges.size() && charges[i].step == step && charges[i].sequence == sequence; ++i) {
      total.add(charges[i]);
      tally.charge(step == kAdmission, work_of(charges[i]), charges[i].measured, charges[i].priced);
    }
    if (step == kAdmission)
      tally.admit(sequence, total.measured, total.priced);
    else
      of_step[step] = total;
  }
  std::vector<StepRow> rows;
  for (std::size_t i = 0; i < steps.size();) {
    const std::int64_t step = steps[i].step;
    rows.clear();
    for (; i < steps.size() && steps[i].step == step; ++i) {
      rows.push_back({SequenceId{steps[i].sequence}, steps[i].proposed, steps[i].probes, steps[i].accepted,
                      steps[i].emitted});
    }
    const Total total = of_step[step];
    tally.step(rows, total.measured, total.priced, total.passes, total.batch);
  }
  return tally;
}

// The leading rows of one run.
template <class Row>
std::span<const Row> run_of(std::span<const Row> rows, int role, int repeat) {
  const auto first =
      std::ranges::find_if(rows, [&](const Row& row) { return row.role == role && row.repeat == repeat; });
  const auto last = std::find_if(first, rows.end(),
                                 [&](const Row& row) { return row.role != role || row.repeat != repeat; });
  return {first, last};
}

std::vector<RunTally> replay_all(const Hdf5File& file, const std::string& group) {
  const std::vector<StepRecord> steps = file.read<StepRecord>(group + "steps");
  const std::vector<ChargeRecord> charges = file.read<ChargeRecord>(group + "charges");
  std::vector<RunTally> runs;
  for (std::size_t i = 0; i < steps.size();) {
    const int role = steps[i].role, repeat = steps[i].repeat;
    const auto rows = run_of<StepRecord>(std::span(steps).subspan(i), role, repeat);
    runs.push_back(replay(rows, run_of<ChargeRecord>(charges, role, repeat), role, repeat));
    i += rows.size();
  }
  return runs;
}

std::string as_text(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

LoadedPoint load(const Hdf5File& file, const std::string& group) {
  if (file.get(group, "schema") != kSchema) {
    throw Hdf5Error(file.path(), "load " + group,
                    "written by another version of this program: schema " + file.get(group, "schema").dump());
  }
  LoadedPoint point;
  point.key = as_text(file.get(group, "key"));
  point.experiment = as_text(file.get(group, "experiment"));
  point.status = as_text(file.get(group, "status"));
  point.reason = as_text(file.get(group, "reason"));
  point.settings = file.attributes(group + "settings");
  point.provenance = file.attributes(group + "provenance");
  if (!point.done()) return point;
  point.signature = as_text(file.get(group, "signature"));
  point.baseline_signature = as_text(file.get(group, "baseline_signature"));
  const bool steps = as_text(file.get(group, "record")) == "steps";
  point.runs = steps ? replay_all(file, group) : RunTally::read(file, group);
  point.sequences = file.read<SequenceRecord>(group + "sequences");
  return point;
}

}  // namespace

int LoadedPoint::repeats(Role role) const {
  return static_cast<int>(
      std::ranges::count_if(runs, [&](const RunTally& run) { return run.role() == static_cast<int>(role); }));
}

const RunTally* LoadedPoint::run(Role role, int repeat) const {
  const auto found = std::ranges::find_if(runs, [&](const RunTally& run) {
    return run.role() == static_cast<int>(role) && run.repeat() == repeat;
  });
  return found == runs.end() ? nullptr : &*found;
}

std::string LoadedPoint::setting(const std::string& name, const std::string& otherwise) const {
  const auto found = settings.find(name);
  return found == settings.end() ? otherwise : as_text(found->second);
}

std::string LoadedPoint::fact(const std::string& name) const {
  const auto found = provenance.find(name);
  return found == provenance.end() ? std::string() : as_text(found->second);
}

std::string label_of(const SequenceRecord& sequence) {
  const auto end = std::ranges::find(sequence.label, '\0');
  return {sequence.label.begin(), end};
}

std::vector<LoadedPoint> load_points(const std::filesystem::path& path) {
  std::vector<LoadedPoint> points;
  if (std::filesystem::is_directory(path)) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (entry.path().extension() == ".h5") files.push_back(entry.path());
    }
    std::ranges::sort(files);
    for (const std::filesystem::path& file : files) points.push_back(load(Hdf5File::open(file), "/"));
    return points;
  }
  const Hdf5File file = Hdf5File::open(path);
  if (!file.has("point")) return {load(file, "/")};
  for (const std::string& key : file.children("point")) points.push_back(load(file, "/point/" + key + "/"));
  return points;
}

}  // namespace speclab
