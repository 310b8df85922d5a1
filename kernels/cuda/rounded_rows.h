#pragma once

#include <bit>

#include "kernels/cuda/pass_part.h"

namespace speclab {

// As many rows or a few more, so that few sizes of launches occur. Up to 64 are up to 64 afterwards too.
constexpr int rounded_rows(int rows) {
  if (rows <= 8) return static_cast<int>(std::bit_ceil(static_cast<unsigned>(rows)));
  const int step = rows <= 32 ? 8 : rows <= 64 ? 16 : PassPart::kMaxRounding + 1;
  return (rows + step - 1) / step * step;
}

}  // namespace speclab
