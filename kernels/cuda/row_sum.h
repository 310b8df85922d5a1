#pragma once

#include <cuda_runtime.h>

#include "core/numerics/ordered_sum.h"
#include "kernels/cuda/warp.h"

namespace speclab {

// Kernels over rows as wide as the vocabulary: a block of so many threads takes a row.
constexpr int kRowThreads = static_cast<int>(kSumLanes);

// Eight neighbours' values, in the order of ordered_sum.
__device__ inline double sum_of_eight(double value) {
  for (int lanes = 4; lanes > 0; lanes /= 2) value += __shfl_xor_sync(kAllLanes, value, lanes);
  return value;
}

// The sum of value(0) .. value(count - 1), to the bit as core/numerics/ordered_sum.h adds them: a thread a
// partial sum. Called by the whole block; `shared` has room for kRowThreads numbers. Ends with a barrier.
template <class Value>
__device__ double ordered_row_sum(int count, double* shared, const Value& value) {
  const int thread = static_cast<int>(threadIdx.x);
  double sum = 0;
  for (int i = thread; i < count; i += kRowThreads) sum += value(i);
  shared[thread] = sum;
  __syncthreads();
  if (thread < kWarp) {
    sum = 0;
#pragma unroll 8
    for (int i = thread % 8; i < kRowThreads; i += 8) sum += shared[i];
    sum = sum_of_eight(sum);
    __syncwarp();
    if (thread == 0) shared[0] = sum;
  }
  __syncthreads();
  sum = shared[0];
  __syncthreads();
  return sum;
}

}  // namespace speclab
