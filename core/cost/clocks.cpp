#include "core/cost/clocks.h"

#include "core/check.h"

namespace speclab {

int Intervals::start(Seconds now) {
  if (settled_) charges_.clear();
  settled_ = false;
  const int interval = static_cast<int>(charges_.size());
  charges_.push_back({.work = {}, .begin = now});
  open_.push_back(interval);
  return interval;
}

Charge& Intervals::stop(int interval, const Work& work) {
  SPECLAB_CHECK(!open_.empty() && open_.back() == interval,
                "interval {} is stopped while {} is the innermost", interval,
                open_.empty() ? -1 : open_.back());
  open_.pop_back();
  Charge& charge = charges_[interval];
  charge.work = work;
  return charge;
}

std::span<const Charge> Intervals::settle() {
  SPECLAB_CHECK(open_.empty(), "{} intervals are open at settlement", open_.size());
  if (settled_) return {};
  settled_ = true;
  return charges_;
}

void AnalyticClock::stop(int interval, const Work& work) {
  Charge& charge = intervals_.stop(interval, work);
  charge.seconds = prices_.price(work);
  now_ += charge.seconds;
}

Seconds WallClock::now() const {
  return std::chrono::duration<Seconds>(std::chrono::steady_clock::now() - made_).count();
}

int WallClock::start() {
  within_.push_back(0);
  return intervals_.start(now());
}

void WallClock::stop(int interval, const Work& work) {
  const Seconds end = now();
  Charge& charge = intervals_.stop(interval, work);
  const Seconds passed = end - charge.begin;
  charge.seconds = passed - within_.back();
  within_.pop_back();
  if (!within_.empty()) within_.back() += passed;
}

}  // namespace speclab
