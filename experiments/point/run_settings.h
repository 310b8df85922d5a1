#pragma once

#include "core/settings/params.h"

namespace speclab {

// How a point's runs are timed: [clock].
struct ClockSettings {
  bool measured = true;  // or priced alone
  int repeats = 1;
};

ClockSettings read_clock(Params& clock);

// Whether the result file has every step and charge, or sums per prompt: [record].
bool read_steps_recorded(Params& record);

}  // namespace speclab
