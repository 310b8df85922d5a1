#include "kernels/cuda/cuda_clock.h"

#include <utility>

namespace speclab {

CudaClock::CudaClock(Stream& stream) : stream_(stream) {
  events_.emplace_back(Event::Use::timing);
  events_.front().record(stream_);
}

void CudaClock::mark(int interval, bool start) {
  marks_.push_back({interval, start});
  if (events_.size() <= marks_.size()) events_.emplace_back(Event::Use::timing);
  events_[marks_.size()].record(stream_);
}

int CudaClock::start() {
  const int interval = intervals_.start(0);
  mark(interval, true);
  return interval;
}

void CudaClock::stop(int interval, const Work& work) {
  intervals_.stop(interval, work);
  mark(interval, false);
}

std::span<const Charge> CudaClock::settle() {
  if (!marks_.empty()) {
    events_[marks_.size()].wait();
    const std::span<Charge> charges = intervals_.charges();
    for (std::size_t i = 0; i < marks_.size(); ++i) {
      // Differences of neighbours, since an event's time is a float of milliseconds.
      const Seconds passed = events_[i + 1].seconds_since(events_[i]);
      now_ += passed;
      if (!open_.empty()) charges[open_.back()].seconds += passed;
      if (marks_[i].start) {
        charges[marks_[i].interval].begin = now_;
        open_.push_back(marks_[i].interval);
      } else {
        open_.pop_back();
      }
    }
    std::swap(events_.front(), events_[marks_.size()]);
    marks_.clear();
  }
  open_.clear();
  return intervals_.settle();
}

}  // namespace speclab
