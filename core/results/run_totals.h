#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/clock.h"
#include "core/decoder.h"
#include "core/results/hdf5.h"
#include "core/results/result_rows.h"
#include "core/results/row_check.h"

namespace speclab {

// A sequence's totals in one run: a step's time is divided evenly among all that were in it.
struct PromptTotals : PromptSums {
  std::vector<std::int64_t> by_accepted;  // n -> drafting steps that accepted n

  bool operator==(const PromptTotals&) const = default;
};

inline constexpr int kOps = static_cast<int>(Op::step) + 1;

// Everything that metrics need of one run, in space that does not grow with its steps. A run that
// was recorded step by step and one that was only counted give the same tally.
class RunTotals {
 public:
  explicit RunTotals(int role = 0, int repeat = 0) : role_(role), repeat_(repeat) {}

  void charge(bool admission, const Work& work, Seconds measured, Seconds priced);
  void admit(int sequence, Seconds measured, Seconds priced);
  // Seconds are those of the whole step; `passes` are the measured ones in models' passes. `batch` sequences
  // were in it, those of the rows among them; 0: no others.
  void step(std::span<const StepRow> rows, Seconds measured, Seconds priced, Seconds passes, int batch = 0);

  // So that `prompts` has at least so many.
  void cover(std::size_t sequences) { prompts_.resize(std::max(prompts_.size(), sequences)); }

  int role() const { return role_; }
  int repeat() const { return repeat_; }
  const std::vector<PromptTotals>& prompts() const { return prompts_; }  // by sequence
  const TimeSums& time(bool admission, int actor, Op op) const;          // of an actor below actors()
  int actors() const { return static_cast<int>(times_[0].size()) / kOps; }

  void append_to(Hdf5File& file) const;
  // Throws Hdf5Error where rows cannot be true.
  static std::vector<RunTotals> read(const Hdf5Reader& file, const std::string& group, RowCheck& check);

 private:
  PromptTotals& prompt(int sequence);
  TimeSums& slot(bool admission, int actor, Op op);

  int role_ = 0, repeat_ = 0;
  std::vector<PromptTotals> prompts_;
  std::vector<TimeSums> times_[2];  // of steps, of admissions: (actor, op)
};

// Inline: a simulation counts millions of steps that cost little more than this.

inline PromptTotals& RunTotals::prompt(int sequence) {
  const auto index = static_cast<std::size_t>(sequence);
  if (index >= prompts_.size()) [[unlikely]]
    prompts_.resize(index + 1);
  return prompts_[index];
}

inline TimeSums& RunTotals::slot(bool admission, int actor, Op op) {
  const auto index = static_cast<std::size_t>(actor * kOps + static_cast<int>(op));
  if (index >= times_[0].size()) [[unlikely]] {
    for (std::vector<TimeSums>& times : times_) times.resize(static_cast<std::size_t>((actor + 1) * kOps));
  }
  return times_[admission ? 1 : 0][index];
}

inline void RunTotals::charge(bool admission, const Work& work, Seconds measured, Seconds priced) {
  TimeSums& time = slot(admission, static_cast<int>(work.actor), work.op);
  ++time.charges;
  time.measured += measured;
  time.priced += priced;
  static_cast<WorkSums&>(time) += WorkSums::of(work);
}

inline void RunTotals::step(std::span<const StepRow> rows, Seconds measured, Seconds priced, Seconds passes,
                            int batch) {
  const auto shown = static_cast<int>(rows.size());
  const double share = shown == 0 ? 0 : 1.0 / std::max(shown, batch);
  for (const StepRow& row : rows) {
    PromptTotals& tally = prompt(static_cast<int>(row.sequence));
    ++tally.steps;
    static_cast<StepCounts&>(tally) += static_cast<const StepCounts&>(row);
    tally.measured += measured * share;
    tally.priced += priced * share;
    tally.passes += passes * share;
    if (row.proposed == 0) continue;
    ++tally.drafted;
    const auto accepted = static_cast<std::size_t>(row.accepted);
    if (accepted >= tally.by_accepted.size()) [[unlikely]]
      tally.by_accepted.resize(accepted + 1);
    ++tally.by_accepted[accepted];
  }
}

}  // namespace speclab
