#pragma once

#include <cuda_runtime.h>

#include <cstddef>

namespace speclab {

// A block's shared memory, of the size that its launch states. Kernels have no other, so that the shim can
// give each block exactly as much as it asked for.
#ifdef SPECLAB_CUDA_SHIM
inline std::byte* shared_memory() { return cuda_shim::shared_bytes(); }
#else
extern __shared__ uint4 speclab_shared_memory[];
__device__ inline std::byte* shared_memory() { return reinterpret_cast<std::byte*>(speclab_shared_memory); }
#endif

template <class T>
__device__ T& shared_as() {
  return *reinterpret_cast<T*>(shared_memory());
}

}  // namespace speclab
