#include "experiments/point/run_settings.h"

#include "core/results/result_rows.h"

namespace speclab {

ClockSettings read_clock(Params& clock) {
  ClockSettings settings;
  settings.measured = clock.choose<bool>(
      {"kind"}, {{"wall", true}, {"analytic", false}},
      "wall: measured where models run, on a GPU by its own clock; analytic: priced by [price] alone");
  if (settings.measured)
    settings.repeats =
        clock.integer({"repeats"}, 3, {.min = 1, .max = kMaxRepeats}, "of baseline and method in turn");
  return settings;
}

bool read_steps_recorded(Params& record) {
  return record.choose<bool>({"detail"}, {{"steps", true}, {"counts", false}},
                             "steps: every step and charge; counts: sums per prompt, for long simulations");
}

}  // namespace speclab
