#pragma once

#include "kernels/cuda/kernel_demand.h"
#include "kernels/cuda/number.h"
#include "kernels/cuda/paged_cache.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

// Where a row of a pass belongs.
struct RowPlace {
  int sequence = 0;  // row of the page table
  int slot = 0;      // of the cache, that the row fills
  int position = 0;  // that it is rotated by
};

// Queries and keys are (normed and) rotated, queries laid out for attention, keys and values put into the
// cache. Element i of a head turns with element i + head_dim / 2 by position * frequency(i) [Su et al. 2021,
// arXiv:2104.09864].
template <class T>
struct RopeAndStore {
  const float* qkv = nullptr;   // (rows, (heads + 2 kv_heads) head_dim): query heads, key heads, value heads
  const float* bias = nullptr;  // as one row of qkv; null: none
  const float* query_norm = nullptr;  // (head_dim), RMSNorm of each head before it turns; null: none
  const float* key_norm = nullptr;
  const float* turns =
      nullptr;  // (positions, head_dim): cosines of the first half, then sines; see rope_table
  const RowPlace* places = nullptr;  // (rows)
  T* queries = nullptr;              // (rows, heads, padded8(head_dim)), zeros beyond
  PagedCache<T> cache;
  int rows = 0, heads = 0;
  float epsilon = 0;  // of the norms
};

template <class T>
void rope_and_store(const RopeAndStore<T>& task, Stream& stream);  // T: Bf16, F16; head_dim even

// Cosines and sines of positions 0 .. positions - 1, computed in double from `frequencies` (head_dim / 2, in
// device memory; see kernels/llama/rope_table.h for the scalings).
void rope_table(const double* frequencies, int positions, int head_dim, float* turns, Stream& stream);

KernelDemand rope_and_store_demand(int rows, int heads, int kv_heads, int head_dim);

}  // namespace speclab
