#pragma once

#include "kernels/cuda/kernel_demand.h"
#include "kernels/cuda/number.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

// out(n, j) = silu(y(n, j)) y(n, width + j), rounded [Shazeer 2020, arXiv:2002.05202]: for products whose
// kernel does not do it (see Finish::gate).
template <class T>
struct Swiglu {
  const float* y = nullptr;  // (rows, 2 width): gate, then up
  T* out = nullptr;          // (rows, padded16(width)), zeros beyond
  int rows = 0, width = 0;
};

template <class T>
void swiglu(const Swiglu<T>& task, Stream& stream);  // T: Bf16, F16

inline KernelDemand swiglu_demand(int rows, int width) { return {.bytes = 10.0 * rows * width}; }

}  // namespace speclab
