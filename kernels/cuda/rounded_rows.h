#pragma once

#include <bit>

namespace speclab {

// As many rows or a few more, up to 64, so that few sizes of launches occur.
constexpr int rounded_rows(int rows) {
  if (rows <= 8) return static_cast<int>(std::bit_ceil(static_cast<unsigned>(rows)));
  return rows <= 32 ? (rows + 7) / 8 * 8 : (rows + 15) / 16 * 16;
}

}  // namespace speclab
