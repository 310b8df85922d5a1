#pragma once

#include <vector>

#include "core/cost/clocks.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

// Time as a stream sees it: every start and stop is an event in it, and all are read at settlement, so that
// no pass waits. What lies between two events is charged to the innermost interval that is open: the device's
// work where there is some, else the time in which the stream waits for the host (a host's step that the
// device's work hides costs nothing). So the charges of all intervals add up to the stream's time, which is
// wall time while somebody waits for results. Models that take turns must put their work into this one
// stream.
class CudaClock : public Clock {
 public:
  explicit CudaClock(Stream& stream);

  ClockKind kind() const override { return ClockKind::cuda; }
  int start() override;
  void stop(int interval, const Work& work) override;
  std::span<const Charge> settle() override;  // waits for the last event
  Seconds now() const { return now_; }        // of the last settlement, since the clock was made

 private:
  // Where an interval starts or stops, in order.
  struct Mark {
    int interval = 0;
    bool start = false;
  };
  void mark(int interval, bool start);

  Stream& stream_;
  Intervals intervals_;
  std::vector<Mark> marks_;
  std::vector<Event> events_;  // by mark; one more for the end of what was settled, first
  std::vector<int> open_;      // reused
  Seconds now_ = 0;
};

}  // namespace speclab
