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

}  // namespace speclab
