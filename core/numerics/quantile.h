#pragma once

#include <algorithm>
#include <vector>

namespace speclab {

// The value below which so large a part of the values lies (0 .. 1), one of them; of two in the middle the
// lesser. `values` is not empty.
inline double quantile(std::vector<double> values, double part) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, at);
  return *at;
}

}  // namespace speclab
