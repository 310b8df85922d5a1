#pragma once

#include <cstddef>

#include "kernels/cuda/number.h"

namespace speclab {

// Positions of one page of the cache.
constexpr int kPagePositions = 64;

// One layer's keys (rotated) and values, in pages that any sequence may own:
//   keys, values: (pages, kv_heads, kPagePositions, padded8(head_dim))
//   table:        (sequences, table_stride), the page that holds slots 64 i .. 64 i + 63 of a sequence
// Slot p of a sequence holds text position p; tree nodes follow in the order of their evaluation. Numbers
// beyond a head's size are zero.
template <class T>
struct PagedCache {
  T* keys = nullptr;
  T* values = nullptr;
  const int* table = nullptr;
  int table_stride = 0;
  int kv_heads = 0, head_dim = 0;
};

constexpr std::size_t cache_elements(int pages, int kv_heads, int head_dim) {
  return static_cast<std::size_t>(pages) * static_cast<std::size_t>(kv_heads) * kPagePositions *
         static_cast<std::size_t>(padded8(head_dim));
}

}  // namespace speclab
