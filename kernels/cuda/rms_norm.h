#pragma once

#include "kernels/cuda/kernel_demand.h"
#include "kernels/cuda/number.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

// out(n, :) = x(n, :) / sqrt(mean(x(n, :)^2) + epsilon) * weight [Zhang and Sennrich 2019, arXiv:1910.07467].
// The products before it (Finish::add) have already added to the residual stream, so nothing is added here.
template <class T>
struct RmsNorm {
  const float* x = nullptr;       // row i of the task: x + at(i) * hidden
  const int* at = nullptr;        // (rows) which rows of x; null: 0, 1, ...
  const float* weight = nullptr;  // (hidden); null: no norm, the rows are only rounded
  T* rounded = nullptr;           // (rows, padded16(hidden)), zeros beyond; may be null
  float* exact = nullptr;         // (rows, exact_stride), of which `hidden` are written; may be null
  int rows = 0, hidden = 0;
  float epsilon = 0;
  int exact_stride = 0;  // 0: hidden
};

template <class T>
void rms_norm(const RmsNorm<T>& task, Stream& stream);  // T: Bf16, F16

KernelDemand rms_norm_demand(int rows, int hidden, bool exact);

}  // namespace speclab
