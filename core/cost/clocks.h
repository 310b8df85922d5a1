#pragma once

#include <chrono>
#include <span>
#include <vector>

#include "core/clock.h"
#include "core/cost_model.h"

namespace speclab {

// Intervals that nest, and the charges they became. What is started is stopped in reverse order.
class Intervals {
 public:
  int start(Seconds now);
  // The charge of the innermost interval, whose number is checked, for the caller to fill in.
  Charge& stop(int interval, const Work& work);
  // Those since the last settlement, by number, for clocks that learn late how long they took.
  std::span<Charge> charges() { return settled_ ? std::span<Charge>() : std::span<Charge>(charges_); }
  std::span<const Charge> settle();

 private:
  std::vector<Charge> charges_;  // in order of start, since the last settlement
  std::vector<int> open_;        // outermost first
  bool settled_ = false;         // charges_ was handed out
};

// Time that a cost model predicts: it passes only when an interval is stopped, by the price of its work.
class AnalyticClock : public Clock {
 public:
  explicit AnalyticClock(const CostModel& prices) : prices_(prices) {}

  ClockKind kind() const override { return ClockKind::priced; }
  int start() override { return intervals_.start(now_); }
  void stop(int interval, const Work& work) override;
  std::span<const Charge> settle() override { return intervals_.settle(); }
  Seconds now() const { return now_; }

 private:
  const CostModel& prices_;
  Intervals intervals_;
  Seconds now_ = 0;
};

// Time that passes on the host. An interval is charged what it took without those within it.
class WallClock : public Clock {
 public:
  ClockKind kind() const override { return ClockKind::wall; }
  int start() override;
  void stop(int interval, const Work& work) override;
  std::span<const Charge> settle() override { return intervals_.settle(); }
  Seconds now() const;

 private:
  std::chrono::steady_clock::time_point made_ = std::chrono::steady_clock::now();
  Intervals intervals_;
  std::vector<Seconds> within_;  // per open interval: what its own inner ones took
};

}  // namespace speclab
