#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/clock.h"
#include "core/decoder.h"
#include "core/result_rows.h"

namespace speclab {

// A sequence's totals in one run. Seconds are NaN where one of the summands was.
struct PromptTally {
  std::int64_t steps = 0;
  std::int64_t drafted = 0;  // steps that proposed at least one node
  std::int64_t proposed = 0, probes = 0, accepted = 0, emitted = 0;
  Seconds measured = 0, priced = 0;  // of its steps: a step's time, divided evenly among its sequences
  Seconds admission_measured = 0, admission_priced = 0;
  std::vector<std::int64_t> by_accepted;  // n -> drafting steps that accepted n

  bool operator==(const PromptTally&) const = default;
};

// All work of one kind in one run.
struct TimeTally {
  std::int64_t charges = 0;
  Seconds measured = 0, priced = 0;
  std::int64_t sequences = 0, new_tokens = 0, rows = 0, context = 0, pairs = 0;

  bool operator==(const TimeTally&) const = default;
};

inline constexpr int kOps = static_cast<int>(Op::step) + 1;

// Everything that metrics need of one run, in space that does not grow with its steps. A run that
// was recorded step by step and one that was only counted give the same tally.
class RunTally {
 public:
  explicit RunTally(int role = 0, int repeat = 0) : role_(role), repeat_(repeat) {}

  void charge(bool admission, const Work& work, Seconds measured, Seconds priced);
  void admit(int sequence, Seconds measured, Seconds priced);
  void step(std::span<const StepRow> rows, Seconds measured, Seconds priced);  // of the whole step

  int role() const { return role_; }
  int repeat() const { return repeat_; }
  const std::vector<PromptTally>& prompts() const { return prompts_; }  // by sequence
  const TimeTally& time(bool admission, int actor, Op op) const;        // of an actor below actors()
  int actors() const { return static_cast<int>(times_[0].size()) / kOps; }

  void append_to(Hdf5File& file) const;
  static std::vector<RunTally> read(const Hdf5File& file, const std::string& group);

 private:
  PromptTally& prompt(int sequence);
  TimeTally& slot(bool admission, int actor, Op op);

  int role_ = 0, repeat_ = 0;
  std::vector<PromptTally> prompts_;
  std::vector<TimeTally> times_[2];  // of steps, of admissions: (actor, op)
};

}  // namespace speclab
