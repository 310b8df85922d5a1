#include "analysis/best.h"

#include <algorithm>
#include <array>
#include <optional>

#include "analysis/estimate.h"
#include "analysis/metrics.h"

namespace speclab {
namespace {

constexpr double kRounding = 1e-9;

bool includes(const Interval& interval, double value) {
  return interval.low <= value * (1 + kRounding) && interval.high >= value * (1 - kRounding);
}

// What a speedup is made of: (seconds / tokens of the baseline) / (seconds / tokens of the method).
struct Parts {
  std::array<Cells, 2> above, below;

  Parts(const PromptSelection& point, Timed timed) {
    const auto seconds = [&](const PromptTotals& p) {
      return timed == Timed::measured ? p.measured : p.priced;
    };
    const auto tokens = [](const PromptTotals& p) { return static_cast<double>(p.emitted); };
    above = {point.cells(Role::baseline, seconds), point.cells(Role::method, tokens)};
    below = {point.cells(Role::baseline, tokens), point.cells(Role::method, seconds)};
  }
};

bool same_as(const PromptSelection& best, const Estimate& of_best, const PromptSelection& other,
             const Estimate& of_other, Timed timed) {
  if (best.prompts() != other.prompts() || best.grid().repeats != other.grid().repeats)
    return of_best.interval->low <= of_other.interval->high * (1 + kRounding);
  const Parts a(best, timed), b(other, timed);
  const std::array<Cells, 4> above = {a.above[0], a.above[1], b.below[0], b.below[1]};
  const std::array<Cells, 4> below = {a.below[0], a.below[1], b.above[0], b.above[1]};
  const std::optional<Estimate> apart = ratio_of_products(best.grid(), above, below);
  return !apart || !apart->interval || includes(*apart->interval, 1);
}

}  // namespace

std::vector<bool> best_of(std::span<const PromptSelection> points, Timed timed) {
  std::vector<std::optional<Estimate>> speedups;
  for (const PromptSelection& point : points) {
    std::optional<Estimate> found =
        evaluate(timed == Timed::measured ? "measured_speedup" : "priced_speedup", point);
    if (found && !found->interval) found.reset();
    speedups.push_back(std::move(found));
  }
  std::vector<bool> marked(points.size(), false);
  const auto best = static_cast<std::size_t>(
      std::ranges::max_element(speedups, {}, [](const auto& s) { return s ? s->value : 0; }) -
      speedups.begin());
  if (points.size() < 2 || !speedups[best] || includes(*speedups[best]->interval, 1)) return marked;
  if (speedups[best]->value < 1) return marked;
  for (std::size_t i = 0; i < points.size(); ++i) {
    marked[i] =
        i == best || (speedups[i] && same_as(points[best], *speedups[best], points[i], *speedups[i], timed));
  }
  return marked;
}

}  // namespace speclab
