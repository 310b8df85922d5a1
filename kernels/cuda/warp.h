#pragma once

#include <cuda_runtime.h>

namespace speclab {

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xFFFFFFFFu;

struct Sum {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};
struct Largest {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a > b ? a : b;
  }
};

// Of a warp's values, known to all its lanes. The order is a tree's, always the same.
template <class T, class Combine>
__device__ T warp_reduce(T value, Combine combine) {
  for (int lanes = kWarp / 2; lanes > 0; lanes /= 2) {
    value = combine(value, __shfl_xor_sync(kAllLanes, value, lanes));
  }
  return value;
}

// Of a block's values, known to all its threads; `scratch` has room for one a warp. Blocks are whole warps in
// x. Ends with a barrier, so that the scratch may be used again at once.
template <class T, class Combine>
__device__ T block_reduce(T value, T* scratch, Combine combine) {
  value = warp_reduce(value, combine);
  if (threadIdx.x % kWarp == 0) scratch[threadIdx.x / kWarp] = value;
  __syncthreads();
  value = scratch[0];
  for (unsigned warp = 1; warp < blockDim.x / kWarp; ++warp) value = combine(value, scratch[warp]);
  __syncthreads();
  return value;
}

}  // namespace speclab
