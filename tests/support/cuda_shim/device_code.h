#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <source_location>
#include <type_traits>

#include "tests/support/cuda_shim/block_runner.h"
#include "tests/support/cuda_shim/vector_types.h"

// The part of CUDA's device language that the kernels use, for the host compiler. `__shared__` is missing on
// purpose: kernels take their shared memory from kernels/cuda/shared_memory.h, whose size a launch states.

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

inline void __syncthreads(std::source_location where = std::source_location::current()) {
  cuda_shim::wait_for_block(where);
}
inline void __syncwarp(unsigned mask = 0xFFFFFFFFu,
                       std::source_location where = std::source_location::current()) {
  cuda_shim::exchange(mask, nullptr, 0, where);
}

namespace cuda_shim {

template <class T>
T from_lane(unsigned mask, T mine, unsigned source, std::source_location where) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
  const Deposits& all = exchange(mask, &mine, sizeof mine, where);
  std::memcpy(&mine, all[source % 32].data(), sizeof mine);
  return mine;
}

}  // namespace cuda_shim

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32,
              std::source_location where = std::source_location::current()) {
  const unsigned group = cuda_shim::lane() / static_cast<unsigned>(width) * static_cast<unsigned>(width);
  return cuda_shim::from_lane(mask, value,
                              group + static_cast<unsigned>(source) % static_cast<unsigned>(width), where);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32,
                  std::source_location where = std::source_location::current()) {
  static_cast<void>(width);
  return cuda_shim::from_lane(mask, value, cuda_shim::lane() ^ static_cast<unsigned>(lanes), where);
}
// Up and down keep the own value where there is no such lane in the group.
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned lanes, int width = 32,
                 std::source_location where = std::source_location::current()) {
  const unsigned lane = cuda_shim::lane(), within = lane % static_cast<unsigned>(width);
  return cuda_shim::from_lane(mask, value, within >= lanes ? lane - lanes : lane, where);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned lanes, int width = 32,
                   std::source_location where = std::source_location::current()) {
  const unsigned lane = cuda_shim::lane(), within = lane % static_cast<unsigned>(width);
  return cuda_shim::from_lane(mask, value,
                              within + lanes < static_cast<unsigned>(width) ? lane + lanes : lane, where);
}
inline unsigned __ballot_sync(unsigned mask, bool mine,
                              std::source_location where = std::source_location::current()) {
  const unsigned char vote = mine ? 1 : 0;
  const cuda_shim::Deposits& all = cuda_shim::exchange(mask, &vote, 1, where);
  unsigned votes = 0;
  for (unsigned i = 0; i < 32; ++i) votes |= (all[i][0] == std::byte{1} ? 1u : 0u) << i;
  return votes;
}

// Threads take turns, so plain operations are atomic.
template <class T>
T atomicAdd(T* where, std::type_identity_t<T> value) {
  const T before = *where;
  *where = before + value;
  return before;
}
template <class T>
T atomicMax(T* where, std::type_identity_t<T> value) {
  const T before = *where;
  *where = std::max(before, value);
  return before;
}
template <class T>
T atomicMin(T* where, std::type_identity_t<T> value) {
  const T before = *where;
  *where = std::min(before, value);
  return before;
}

template <class T>
T __ldg(const T* from) {
  return *from;
}
template <class T>
T __ldcs(const T* from) {
  return *from;
}
using std::isfinite;
using std::max;
using std::min;
inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
inline int __ffs(int bits) { return __builtin_ffs(bits); }
inline int __clz(int bits) { return bits == 0 ? 32 : __builtin_clz(static_cast<unsigned>(bits)); }
inline float __expf(float x) { return std::exp(x); }
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
