#pragma once

#include <optional>
#include <span>
#include <vector>

namespace speclab {

struct Interval {
  double low = 0, high = 0;
};

// A ratio that keeps what it is a ratio of.
struct Estimate {
  double value = 0;
  double numerator = 0, denominator = 0;
  std::optional<Interval> interval;  // none: too little was seen to tell
};

// Observations of prompts in repeated runs. Prompts are a sample of the texts one could ask about;
// repeats, of the moments at which one could measure.
struct Grid {
  int prompts = 0, repeats = 0;
};
using Cells = std::vector<double>;  // (prompts, repeats)

inline constexpr double kConfidence = 0.95;
inline constexpr int kFewestPrompts = 5;  // of an interval

// Product of sums over product of sums. Nothing, if one of them is not above zero. The numerator is the first
// product, the denominator the second.
//
// The interval comes from the delta method on the logarithm: each prompt is one cluster (its steps are not
// independent), and its influence is its part of each sum above, less its part of each below; what slows both
// alike cancels. The variance is that of the sum of prompts' influences plus that of the sum of runs'
// influences, so that a drift of the machine between runs counts although every prompt saw it; repeats that
// agree, as counts do, add nothing. Student's t with Satterthwaite's degrees of freedom. No random numbers.
// No interval below five prompts, nor with fewer than four degrees of freedom: where runs differ more than
// prompts do, few runs tell as little as few prompts.
std::optional<Estimate> ratio_of_products(Grid grid, std::span<const Cells> above,
                                          std::span<const Cells> below, double confidence = kConfidence);

// y over x. Nothing, if x sums to zero or a cell is NaN; 0 has an interval without width.
std::optional<Estimate> ratio(Grid grid, const Cells& y, const Cells& x, double confidence = kConfidence);

// (y1 / x1) / (y2 / x2). The numerator is y1 / x1, the denominator y2 / x2.
std::optional<Estimate> ratio_of_ratios(Grid grid, const Cells& y1, const Cells& x1, const Cells& y2,
                                        const Cells& x2, double confidence = kConfidence);

}  // namespace speclab
