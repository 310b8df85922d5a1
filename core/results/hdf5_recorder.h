#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/results/hdf5.h"
#include "core/results/recorder.h"
#include "core/results/result_rows.h"
#include "core/results/run_totals.h"

namespace speclab {

enum class RecordMode : std::uint8_t {
  steps,  // every step and every charge: /steps, /charges
  counts  // sums per prompt only: /prompts, /accepted, /time; for simulations of millions of steps
};

std::filesystem::path point_path(const std::filesystem::path& results, const PointSettings& settings);

struct PointStatus {
  std::string status;  // kDone, kSkipped or kFailed
  std::string reason;
};

// The schema of a point's file that another version wrote; nothing of any other file.
std::optional<std::int64_t> other_schema(const std::filesystem::path& path);

// What became of a point, or nothing: no such file, or none that is whole and of this program's schema.
std::optional<PointStatus> point_status(const std::filesystem::path& path);

// Writes `results/<experiment>/<key>.h5`, in one piece, when the point ends. A recorder that is
// destroyed or begun anew before that leaves nothing. A point that began may still fail after
// `finish` threw; a point that is skipped or fails keeps its settings and the reason, and no rows.
class Hdf5Recorder : public Recorder {
 public:
  Hdf5Recorder(std::filesystem::path results, RecordMode mode);

  void begin(const PointSettings& settings, const Provenance& provenance) override;  // fails early
  void heads(std::span<const HeadRecord> accuracy) override;
  void timed_passes(std::span<const TimedPassRecord> passes) override;
  void start_run(Role role, int repeat) override;
  void admit(const Sequence& sequence, std::span<const Charge> charges,
             std::span<const Seconds> priced) override;
  void step(std::int64_t step, std::span<const StepRow> rows, std::span<const Charge> charges,
            std::span<const Seconds> priced) override;
  void retire(const Sequence& sequence, std::string_view label, Seconds arrival) override;
  void finish() override;
  void skip(std::string_view reason) override;
  void fail(std::string_view reason) override;

  std::uint64_t signature(Role role) const;  // of all texts of the first run, in the prompts' order

 private:
  struct Total {
    Seconds measured = 0, priced = 0, passes = 0;  // passes: measured, of models
    int batch = 0;                                 // sequences in the step
  };
  // Hands the charges to `keep`, measured and priced seconds told apart.
  template <class Keep>
  Total charge(std::span<const Charge> charges, std::span<const Seconds> priced, const Keep& keep) const;
  void record(std::int64_t step, std::int32_t sequence, const Charge& charge, Seconds measured,
              Seconds priced);
  void end(std::string_view status, std::string_view reason);
  void forget();
  void flush();

  std::filesystem::path results_, path_;
  PointSettings settings_;
  Provenance provenance_;
  RecordMode mode_;
  bool measured_ = true;  // the clock measures
  std::unique_ptr<Hdf5File> file_;
  RunTotals tally_;
  std::vector<RunTotals> runs_;  // that ended
  int role_ = 0, repeat_ = 0;
  bool running_ = false;
  std::vector<StepRecord> steps_;      // not yet in the file
  std::vector<ChargeRecord> charges_;  // not yet in the file
  std::vector<SequenceRecord> sequences_;
  std::vector<Token> text_;
  std::map<std::pair<std::int32_t, std::uint64_t>, std::int64_t> text_places_;  // of a sequence's texts
};

}  // namespace speclab
