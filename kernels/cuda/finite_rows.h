#pragma once

#include <cstdint>

#include "kernels/cuda/runtime.h"

namespace speclab {

// Which rows hold a number that is NaN or infinite: `not_finite` becomes the least one, where that is less.
// For products whose kernel does not look (see FewRowsProduct::not_finite).
struct FiniteRows {
  const float* x = nullptr;  // (rows, width)
  int rows = 0, width = 0;
  std::int32_t* not_finite = nullptr;
};

void check_finite(const FiniteRows& task, Stream& stream);

}  // namespace speclab
