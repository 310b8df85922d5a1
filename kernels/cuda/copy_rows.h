#pragma once

#include "kernels/cuda/kernel_demand.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

// to(n, :) = from(at(n), :).
struct CopyRows {
  const float* from = nullptr;  // (..., width)
  const int* at = nullptr;      // (rows)
  float* to = nullptr;          // (rows, stride), of which `width` are written
  int rows = 0, width = 0, stride = 0;
};

void copy_rows(const CopyRows& task, Stream& stream);

inline KernelDemand copy_rows_demand(int rows, int width) {
  return {.bytes = 8.0 * rows * width + 4.0 * rows};
}

}  // namespace speclab
