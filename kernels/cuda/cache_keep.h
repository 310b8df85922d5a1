#pragma once

#include "kernels/cuda/kernel_demand.h"
#include "kernels/cuda/number.h"
#include "kernels/cuda/paged_cache.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

// One sequence's kept path: slots from[begin], ..., from[begin + count - 1] move to slots to, to + 1, ...
struct KeptSlots {
  int sequence = 0;  // row of the page table
  int to = 0;        // the text's length
  int begin = 0, count = 0;
};

// Kept nodes follow the text, in all layers. Along a path slots grow and none lies before its new place, so
// every thread moves its numbers path by path in order and nothing is overwritten before it was read.
template <class T>
struct CacheKeep {
  PagedCache<T> first_layer;
  long long layer_stride = 0;        // elements from a layer's keys (values) to the next one's
  const KeptSlots* paths = nullptr;  // (path_count)
  const int* from = nullptr;
  int path_count = 0, layers = 0;
};

template <class T>
void keep_in_cache(const CacheKeep<T>& task, Stream& stream);  // T: Bf16, F16

inline KernelDemand cache_keep_demand(double moved, int layers, int kv_heads, int head_dim) {
  return {.bytes = 8.0 * moved * layers * kv_heads * head_dim};
}

}  // namespace speclab
