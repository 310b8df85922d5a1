#pragma once

#include "kernels/cuda/runtime.h"

namespace speclab {

// Single numbers from anywhere, side by side.
struct Gather {
  const double* const* places = nullptr;  // (count), in device memory
  double* numbers = nullptr;              // (count)
  int count = 0;
};
void gather_numbers(const Gather& task, Stream& stream);

}  // namespace speclab
