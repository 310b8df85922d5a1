#include "core/results/hdf5_recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "core/check.h"
#include "core/results/atomic_file.h"
#include "core/results/hdf5_apart.h"

namespace speclab {
namespace {

constexpr std::size_t kRowsHeld = 1 << 15;
constexpr Seconds kNone = std::numeric_limits<Seconds>::quiet_NaN();

std::string clock_name(ClockKind clock) {
  switch (clock) {
    case ClockKind::wall:
      return "wall";
    case ClockKind::cuda:
      return "cuda";
    case ClockKind::priced:
      return "priced";
  }
  return {};
}

void describe(Hdf5File& file, const PointSettings& point, const Provenance& made, RecordMode mode) {
  file.set("/", "schema", kSchema);
  file.set("/", "experiment", point.experiment);
  file.set("/", "key", point.name());
  file.set("/", "record", mode == RecordMode::steps ? "steps" : "counts");
  file.make_group("settings");
  for (const auto& [name, value] : point.settings) file.set("settings", name, value);
  file.make_group("provenance");
  std::vector<std::string> said = made.remarks;
  said.insert(said.end(), made.unused.begin(), made.unused.end());
  const nlohmann::json remarks = said.empty() ? nlohmann::json::array() : nlohmann::json(said);
  const std::map<std::string, nlohmann::json> facts = {
      {"version", made.version},
      {"git_commit", made.git_commit},
      {"dirty", made.dirty},
      {"compiler", made.compiler},
      {"build_type", made.build_type},
      {"cpu", made.cpu},
      {"device", made.device},
      {"cores", made.cores},
      {"host", made.host},
      {"os", made.os},
      {"libraries", made.libraries.empty() ? nlohmann::json::object() : nlohmann::json(made.libraries)},
      {"clock", clock_name(made.clock)},
      {"judged_on", made.judged_on},
      {"started_at", made.started_at},
      {"command_line", made.command_line},
      {"priced_device", made.priced_device},
      {"priced_target", made.priced_target},
      {"priced_draft", made.priced_draft},
      {"priced_memory", made.priced_memory},
      {"priced_error", made.priced_error},
      {"remarks", remarks}};
  for (const auto& [name, value] : facts) file.set("provenance", name, value);
}

}  // namespace

std::filesystem::path point_path(const std::filesystem::path& results, const PointSettings& settings) {
  return results / settings.experiment / (settings.name() + ".h5");
}

std::optional<std::int64_t> other_schema(const std::filesystem::path& path) {
  try {
    const Hdf5Apart file(path);
    const nlohmann::json schema = file.get("/", "schema");
    if (schema.is_number_integer() && schema != kSchema) return schema.get<std::int64_t>();
  } catch (const Hdf5Error&) {
  }
  return std::nullopt;
}

std::optional<PointStatus> point_status(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    const Hdf5Apart file(path);
    if (file.get("/", "schema") != kSchema) return std::nullopt;
    const nlohmann::json status = file.get("/", "status"), reason = file.get("/", "reason");
    if (!status.is_string() || !reason.is_string()) return std::nullopt;
    return PointStatus{status.get<std::string>(), reason.get<std::string>()};
  } catch (const Hdf5Error&) {
    return std::nullopt;  // cut off or damaged: to be made again
  }
}

Hdf5Recorder::Hdf5Recorder(std::filesystem::path results, RecordMode mode)
    : results_(std::move(results)), mode_(mode) {}

void Hdf5Recorder::begin(const PointSettings& settings, const Provenance& provenance) {
  settings_ = settings;
  provenance_ = provenance;
  path_ = point_path(results_, settings);
  measured_ = provenance.clock != ClockKind::priced;
  forget();
  check_writable(path_.parent_path());
  file_ = std::make_unique<Hdf5File>(Hdf5File::in_memory(path_));
}

void Hdf5Recorder::forget() {
  file_.reset();
  runs_.clear();
  steps_.clear();
  charges_.clear();
  sequences_.clear();
  text_.clear();
  text_places_.clear();
  running_ = false;
}

void Hdf5Recorder::heads(std::span<const HeadRecord> accuracy) {
  SPECLAB_CHECK(file_ != nullptr, "heads are measured in a point that has begun");
  if (!accuracy.empty()) file_->append<HeadRecord>("heads", accuracy);
}

void Hdf5Recorder::timed_passes(std::span<const TimedPassRecord> passes) {
  SPECLAB_CHECK(file_ != nullptr, "passes are timed in a point that has begun");
  if (!passes.empty()) file_->append<TimedPassRecord>("timed_passes", passes);
}

void Hdf5Recorder::start_run(Role role, int repeat) {
  SPECLAB_CHECK(file_ != nullptr, "a run starts in a point that has begun");
  if (running_) runs_.push_back(std::move(tally_));
  running_ = true;
  role_ = static_cast<int>(role);
  repeat_ = repeat;
  tally_ = RunTotals(role_, repeat_);
}

template <class Keep>
Hdf5Recorder::Total Hdf5Recorder::charge(std::span<const Charge> charges, std::span<const Seconds> priced,
                                         const Keep& keep) const {
  SPECLAB_CHECK(priced.empty() || (measured_ && priced.size() == charges.size()),
                "{} prices for {} charges of a clock that {}", priced.size(), charges.size(),
                measured_ ? "measures" : "prices itself");
  Total total;
  for (std::size_t i = 0; i < charges.size(); ++i) {
    const Seconds own = charges[i].seconds;
    const Seconds measured = measured_ ? own : kNone;
    const Seconds price = !measured_ ? own : priced.empty() ? kNone : priced[i];
    keep(charges[i], measured, price);
    total.measured += measured;
    total.priced += price;
    if (is_pass(charges[i].work.actor, charges[i].work.op)) total.passes += measured;
    if (charges[i].work.op == Op::step) total.batch = charges[i].work.sequences;
  }
  return total;
}

void Hdf5Recorder::admit(const Sequence& sequence, std::span<const Charge> charges,
                         std::span<const Seconds> priced) {
  SPECLAB_CHECK(running_, "a sequence is admitted to a run that has started");
  const int id = static_cast<int>(sequence.id);
  const bool steps = mode_ == RecordMode::steps;
  const Total total = charge(charges, priced, [&](const Charge& charge, Seconds measured, Seconds price) {
    if (steps)
      record(kAdmission, id, charge, measured, price);
    else
      tally_.charge(true, charge.work, measured, price);
  });
  if (!steps) tally_.admit(id, total.measured, total.priced);
}

void Hdf5Recorder::step(std::int64_t step, std::span<const StepRow> rows, std::span<const Charge> charges,
                        std::span<const Seconds> priced) {
  SPECLAB_CHECK(running_, "step {} is in a run that has started", step);
  if (mode_ == RecordMode::counts) {
    const Total total = charge(charges, priced, [&](const Charge& charge, Seconds measured, Seconds price) {
      tally_.charge(false, charge.work, measured, price);
    });
    tally_.step(rows, total.measured, total.priced, total.passes, total.batch);
    return;
  }
  charge(charges, priced, [&](const Charge& charge, Seconds measured, Seconds price) {
    record(step, -1, charge, measured, price);
  });
  for (const StepRow& row : rows) {
    steps_.push_back({row, role_, repeat_, step, static_cast<std::int32_t>(row.sequence)});
  }
  if (steps_.size() >= kRowsHeld || charges_.size() >= kRowsHeld) flush();
}

void Hdf5Recorder::record(std::int64_t step, std::int32_t sequence, const Charge& charge, Seconds measured,
                          Seconds priced) {
  const Work& work = charge.work;
  charges_.push_back({WorkSums::of(work), role_, repeat_, step, sequence,
                      static_cast<std::int32_t>(work.actor), static_cast<std::int32_t>(work.op), charge.begin,
                      measured, priced});
}

void Hdf5Recorder::retire(const Sequence& sequence, std::string_view label, Seconds arrival) {
  SequenceRecord row{.role = role_,
                     .repeat = repeat_,
                     .sequence = static_cast<std::int32_t>(sequence.id),
                     .arrival = arrival,
                     .prompt_tokens = sequence.prompt_length,
                     .new_tokens = sequence.new_tokens(),
                     .text = static_cast<std::int64_t>(text_.size()),
                     .signature = text_signature(sequence.text)};
  SPECLAB_CHECK(label.size() <= row.label.size(), "label \"{}\" has at most {} bytes", label,
                row.label.size());
  std::ranges::copy(label, row.label.begin());
  const auto [place, fresh] = text_places_.try_emplace({row.sequence, row.signature}, row.text);
  row.text = place->second;
  if (fresh) text_.insert(text_.end(), sequence.text.begin(), sequence.text.end());
  sequences_.push_back(row);
}

std::uint64_t Hdf5Recorder::signature(Role role) const {
  std::map<std::int32_t, std::uint64_t> texts;
  for (const SequenceRecord& row : sequences_) {
    if (row.role == static_cast<int>(role) && row.repeat == 0) texts[row.sequence] = row.signature;
  }
  std::vector<Token> halves;
  for (const auto& [sequence, text] : texts) {
    halves.push_back(static_cast<Token>(text));
    halves.push_back(static_cast<Token>(text >> 32));
  }
  return text_signature(halves);
}

void Hdf5Recorder::flush() {
  file_->append<StepRecord>("steps", steps_);
  file_->append<ChargeRecord>("charges", charges_);
  steps_.clear();
  charges_.clear();
}

void Hdf5Recorder::finish() {
  SPECLAB_CHECK(file_ != nullptr, "a point ends that has begun");
  if (running_) runs_.push_back(std::move(tally_));
  running_ = false;
  if (mode_ == RecordMode::steps)
    flush();
  else
    for (const RunTotals& run : runs_) run.append_to(*file_);
  file_->append<SequenceRecord>("sequences", sequences_);
  file_->append_ints("text", text_);
  file_->set("/", "signature", fmt::format("{:016x}", signature(Role::method)));
  file_->set("/", "baseline_signature", fmt::format("{:016x}", signature(Role::baseline)));
  end(kDone, "");
}

void Hdf5Recorder::skip(std::string_view reason) {
  forget();
  end(kSkipped, reason);
}

void Hdf5Recorder::fail(std::string_view reason) {
  forget();
  end(kFailed, reason);
}

void Hdf5Recorder::end(std::string_view status, std::string_view reason) {
  if (file_ == nullptr) file_ = std::make_unique<Hdf5File>(Hdf5File::in_memory(path_));
  describe(*file_, settings_, provenance_, mode_);
  file_->set("/", "status", std::string(status));
  file_->set("/", "reason", std::string(reason));
  const std::vector<std::byte> image = file_->image();
  file_.reset();
  replace_file(path_, image);
}

}  // namespace speclab
