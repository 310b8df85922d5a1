#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <source_location>

#include "kernels/cuda/shared_memory.h"

namespace speclab {

// Neighbouring blocks that run at the same time and read each other's shared memory (Grid::cluster; compute
// capability 9.0 on, and nothing that a kernel for older devices may call).

// Of the calling block, within its cluster.
__device__ inline int cluster_rank() {
#ifdef SPECLAB_CUDA_SHIM
  return static_cast<int>(cuda_shim::cluster_rank());
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  std::uint32_t rank;
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return static_cast<int>(rank);
#else
  return 0;
#endif
}

// All threads of all blocks meet, and see what the others wrote before.
#ifdef SPECLAB_CUDA_SHIM
inline void cluster_barrier(std::source_location where = std::source_location::current()) {
  cuda_shim::wait_for_cluster(where);
}
#else
__device__ inline void cluster_barrier() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("barrier.cluster.arrive.release.aligned;\n barrier.cluster.wait.acquire.aligned;" ::
                   : "memory");
#endif
}
#endif

// Until all threads of all blocks have come here: a block's memory lasts as long as others read it.
#ifdef SPECLAB_CUDA_SHIM
inline void cluster_stays(std::source_location where = std::source_location::current()) {
  cuda_shim::wait_for_cluster(where);
}
#else
__device__ inline void cluster_stays() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("barrier.cluster.arrive.relaxed.aligned;\n barrier.cluster.wait.aligned;" ::: "memory");
#endif
}
#endif

// What lies in the shared memory of the block of this rank where `mine` lies in the calling block's.
__device__ inline float load_from_cluster(const float* mine, [[maybe_unused]] int rank) {
#ifdef SPECLAB_CUDA_SHIM
  const auto* from = reinterpret_cast<const std::byte*>(mine) - shared_memory() +
                     cuda_shim::shared_bytes_of(static_cast<unsigned>(rank));
  return *reinterpret_cast<const float*>(from);
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  const auto own = static_cast<std::uint32_t>(__cvta_generic_to_shared(mine));
  std::uint32_t theirs;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(theirs) : "r"(own), "r"(rank));
  float value;
  asm volatile("ld.shared::cluster.f32 %0, [%1];" : "=f"(value) : "r"(theirs) : "memory");
  return value;
#else
  return *mine;
#endif
}

}  // namespace speclab
