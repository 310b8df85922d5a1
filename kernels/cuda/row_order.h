#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/cuda/row_sum.h"

namespace speclab {

// Likelier tokens have greater keys: by logit, of equal logits the lower index. No two tokens have the same;
// NaN is below all numbers.
__device__ inline std::uint64_t likelihood_key(float logit, int index) {
  const float zero_is_one = logit + 0.0f;  // -0 equals 0
  std::uint32_t bits = 0;
  memcpy(&bits, &zero_is_one, sizeof bits);
  const bool nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
  const std::uint32_t ordered = nan ? 0 : (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
  return static_cast<std::uint64_t>(ordered) << 32 | (0xFFFFFFFFu - static_cast<std::uint32_t>(index));
}
__device__ inline int index_of_key(std::uint64_t key) {
  return static_cast<int>(0xFFFFFFFFu - static_cast<std::uint32_t>(key & 0xFFFFFFFFu));
}

struct SelectMemory {
  int counts[256];
  int digit, left;
};

// A bound that exactly `wanted` (1 .. count) of the keys reach. Keys are unequal. Called by the whole block.
template <class Key>
__device__ std::uint64_t bound_of_greatest(int count, int wanted, SelectMemory& memory, const Key& key) {
  const int thread = static_cast<int>(threadIdx.x);
  std::uint64_t bound = 0;
  int left = wanted;  // of the keys that begin like the bound
  for (int shift = 56; shift >= 0; shift -= 8) {
    if (thread < 256) memory.counts[thread] = 0;
    __syncthreads();
    for (int i = thread; i < count; i += kRowThreads) {
      const std::uint64_t k = key(i);
      if (shift == 56 || k >> (shift + 8) == bound >> (shift + 8))
        atomicAdd(&memory.counts[k >> shift & 0xFF], 1);
    }
    __syncthreads();
    if (thread == 0) {
      int digit = 255;
      while (memory.counts[digit] < left) left -= memory.counts[digit--];
      memory.digit = digit;
      memory.left = left;
    }
    __syncthreads();
    bound |= static_cast<std::uint64_t>(memory.digit) << shift;
    left = memory.left;
    const bool all_of_them = memory.counts[memory.digit] == left;
    __syncthreads();
    if (all_of_them) break;
  }
  return bound;
}

constexpr int power_of_two_above(int count) {
  int power = 1;
  while (power < count) power *= 2;
  return power;
}

// Sorts `count` (a power of two) items, those that come before others first. Called by the whole block
// (Batcher 1968's bitonic network).
template <class Item, class Before>
__device__ void block_sort(Item* items, int count, const Before& before) {
  for (int run = 2; run <= count; run *= 2) {
    for (int distance = run / 2; distance > 0; distance /= 2) {
      for (int i = static_cast<int>(threadIdx.x); i < count / 2; i += kRowThreads) {
        const int low = i / distance * 2 * distance + i % distance, high = low + distance;
        const Item a = items[low], b = items[high];
        if (((low & run) == 0) == before(b, a)) {
          items[low] = b;
          items[high] = a;
        }
      }
      __syncthreads();
    }
  }
}

}  // namespace speclab
