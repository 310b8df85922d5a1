#pragma once

#include <cstdint>

namespace speclab {

// Storage of 16-bit numbers. Sums and everything else is float.
struct Bf16 {
  std::uint16_t bits;
};
struct F16 {
  std::uint16_t bits;
};

// Widths of rows in device memory: rounded up, so that every row starts at 16 bytes and is read 16 bytes at a
// time. Elements beyond the row's length are zero.
constexpr int padded8(int length) { return (length + 7) / 8 * 8; }
constexpr int padded16(int length) { return (length + 15) / 16 * 16; }

}  // namespace speclab
