#pragma once

#include <cstdint>
#include <span>

#include "core/work.h"

namespace speclab {

using Seconds = double;

struct Charge {
  Work work;
  Seconds begin = 0;    // since the clock was made
  Seconds seconds = 0;  // its own, without the intervals within it: charges add up to the time that passed
};

enum class ClockKind : std::uint8_t {
  wall,   // measured
  cuda,   // measured
  priced  // a cost model's word: its charges are prices, and nothing is measured
};

// Turns work into seconds. Intervals nest. They may be settled late, so that a device clock
// can read its events once per step instead of stalling the stream at every pass.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual ClockKind kind() const = 0;
  virtual int start() = 0;
  virtual void stop(int interval, const Work& work) = 0;
  // All intervals since the last call, in order of start; none may be open. They live until the next start.
  virtual std::span<const Charge> settle() = 0;
};

}  // namespace speclab
