#pragma once

#include <cuda_runtime.h>

namespace speclab {

// Kernels over rows as wide as the vocabulary: a block of so many threads takes a row.
constexpr int kRowThreads = 512;

constexpr int kStaged = 2048;  // numbers of a row that lie in shared memory at a time

// The sum of value(0) .. value(count - 1), to the bit as core/ordered_sum.h adds them: eight running sums,
// one for each index modulo 8. They are what takes time, so all threads make the values and eight add. Called
// by the whole block; `staged` has room for kStaged + 8 numbers. Ends with a barrier.
template <class Value>
__device__ double ordered_row_sum(int count, double* staged, const Value& value) {
  const int thread = static_cast<int>(threadIdx.x);
  double lane = 0;
  for (int begin = 0; begin < count; begin += kStaged) {
    for (int i = thread; i < kStaged; i += kRowThreads)
      staged[i] = begin + i < count ? value(begin + i) : 0.0;
    __syncthreads();
    if (thread < 8) {
      for (int i = thread; i < kStaged; i += 8) lane += staged[i];
    }
    __syncthreads();
  }
  double* lanes = staged + kStaged;
  if (thread < 8) lanes[thread] = lane;
  __syncthreads();
  const double sum =
      ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
  __syncthreads();
  return sum;
}

}  // namespace speclab
