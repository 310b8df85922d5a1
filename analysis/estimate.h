#pragma once

#include <optional>
#include <vector>

namespace speclab {

struct Interval {
  double low = 0, high = 0;
};

// A ratio that keeps what it is a ratio of.
struct Estimate {
  double value = 0;
  double numerator = 0, denominator = 0;
  std::optional<Interval> interval;  // none: a single prompt tells nothing about others
};

// Observations of prompts in repeated runs. Prompts are a sample of the texts one could ask about;
// repeats, of the moments at which one could measure.
struct Grid {
  int prompts = 0, repeats = 0;
};
using Cells = std::vector<double>;  // (prompts, repeats)

inline constexpr double kConfidence = 0.95;

// Ratio of sums, y over x. Nothing, if x sums to zero or a cell is NaN.
//
// The interval comes from the delta method: each prompt is one cluster (its steps are not
// independent), and its influence on the ratio is u = (y - ratio * x) / sum(x). The variance is
// that of the sum of prompts' influences plus that of the sum of runs' influences, so that a drift
// of the machine between runs counts although every prompt saw it; repeats that agree, as counts
// do, add nothing. Student's t with Satterthwaite's degrees of freedom. No random numbers.
std::optional<Estimate> ratio(Grid grid, const Cells& y, const Cells& x, double confidence = kConfidence);

// (y1 / x1) / (y2 / x2), paired by cell: what slows both sides of a cell alike cancels. The same
// method, on the logarithm. The numerator is y1 / x1, the denominator y2 / x2.
std::optional<Estimate> ratio_of_ratios(Grid grid, const Cells& y1, const Cells& x1, const Cells& y2,
                                        const Cells& x2, double confidence = kConfidence);

}  // namespace speclab
