#pragma once

#include <cuda_runtime.h>

#include "kernels/cuda/paged_cache.h"

namespace speclab {

// Where a slot's head begins in `keys` or `values`.
template <class T>
__device__ std::size_t cache_at(const PagedCache<T>& cache, int sequence, int slot, int kv_head) {
  const int page =
      cache.table[static_cast<std::size_t>(sequence) * cache.table_stride + slot / kPagePositions];
  return ((static_cast<std::size_t>(page) * cache.kv_heads + kv_head) * kPagePositions +
          slot % kPagePositions) *
         padded8(cache.head_dim);
}

}  // namespace speclab
