#include "analysis/estimate.h"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

#include "core/check.h"

namespace speclab {
namespace {

// What five prompts give where runs agree, less what rounding takes.
constexpr double kMinFreedom = kFewestPrompts - 1 - 1e-6;

double sum(const Cells& cells) { return std::accumulate(cells.begin(), cells.end(), 0.0); }

// Of a sum over `count` independent influences, whose mean is zero by construction.
double variance_of_sum(const std::vector<double>& influences) {
  const auto count = static_cast<double>(influences.size());
  double squares = 0;
  for (const double u : influences) squares += u * u;
  return count < 2 ? 0 : squares * count / (count - 1);
}

// Half the width of the interval around an estimate whose cells have these influences.
std::optional<double> half_width(Grid grid, const Cells& influence, double confidence) {
  if (grid.prompts < kFewestPrompts) return std::nullopt;
  std::vector<double> of_prompt(static_cast<std::size_t>(grid.prompts));
  std::vector<double> of_repeat(static_cast<std::size_t>(grid.repeats));
  for (std::size_t i = 0; i < of_prompt.size(); ++i) {
    for (std::size_t j = 0; j < of_repeat.size(); ++j) {
      const double u = influence[i * of_repeat.size() + j];
      of_prompt[i] += u;
      of_repeat[j] += u;
    }
  }
  const double prompts = variance_of_sum(of_prompt), repeats = variance_of_sum(of_repeat);
  const double variance = prompts + repeats;
  if (variance == 0) return 0;
  double freedom = prompts * prompts / (grid.prompts - 1);
  if (grid.repeats > 1) freedom += repeats * repeats / (grid.repeats - 1);
  freedom = variance * variance / freedom;
  if (freedom < kMinFreedom) return std::nullopt;
  const boost::math::students_t t(freedom);
  return boost::math::quantile(t, 0.5 + confidence / 2) * std::sqrt(variance);
}

void check_size(Grid grid, const Cells& cells) {
  SPECLAB_CHECK(
      cells.size() == static_cast<std::size_t>(grid.prompts) * static_cast<std::size_t>(grid.repeats),
      "{} cells for {} prompts and {} repeats", cells.size(), grid.prompts, grid.repeats);
}

}  // namespace

std::optional<Estimate> ratio_of_products(Grid grid, std::span<const Cells> above,
                                          std::span<const Cells> below, double confidence) {
  Estimate estimate{.numerator = 1, .denominator = 1, .interval = {}};
  Cells influence(static_cast<std::size_t>(grid.prompts) * static_cast<std::size_t>(grid.repeats));
  const auto take = [&](std::span<const Cells> factors, double sign, double& product) {
    for (const Cells& cells : factors) {
      check_size(grid, cells);
      const double all = sum(cells);
      if (!(all > 0)) return false;
      product *= all;
      for (std::size_t i = 0; i < influence.size(); ++i) influence[i] += sign * cells[i] / all;
    }
    return true;
  };
  if (!take(above, 1, estimate.numerator) || !take(below, -1, estimate.denominator)) return std::nullopt;
  estimate.value = estimate.numerator / estimate.denominator;
  if (const auto half = half_width(grid, influence, confidence)) {
    estimate.interval = {estimate.value * std::exp(-*half), estimate.value * std::exp(*half)};
  }
  return estimate;
}

std::optional<Estimate> ratio(Grid grid, const Cells& y, const Cells& x, double confidence) {
  check_size(grid, y);
  const double top = sum(y);
  if (top != 0) return ratio_of_products(grid, {&y, 1}, {&x, 1}, confidence);
  check_size(grid, x);
  const double bottom = sum(x);
  if (!(bottom > 0)) return std::nullopt;
  Estimate none{.denominator = bottom, .interval = {}};
  if (grid.prompts >= kFewestPrompts) none.interval = Interval{};
  return none;
}

std::optional<Estimate> ratio_of_ratios(Grid grid, const Cells& y1, const Cells& x1, const Cells& y2,
                                        const Cells& x2, double confidence) {
  const Cells above[] = {y1, x2}, below[] = {x1, y2};
  std::optional<Estimate> estimate = ratio_of_products(grid, above, below, confidence);
  if (!estimate) return std::nullopt;
  estimate->numerator = sum(y1) / sum(x1);
  estimate->denominator = sum(y2) / sum(x2);
  estimate->value = estimate->numerator / estimate->denominator;
  return estimate;
}

}  // namespace speclab
