#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/cuda/number_conversion.h"

namespace speclab {

// One product of a 16x16 tile with a 16x8 tile on a warp (PTX: mma.m16n8k16). With g = lane / 4 and t = lane
// % 4 a lane holds, two numbers a register:
//   a: (row g, k 2t), (row g + 8, k 2t), (row g, k 2t + 8), (row g + 8, k 2t + 8), each with the k after it
//   b: (k 2t, column g), (k 2t + 8, column g), each with the k after it
//   sums: (row g, column 2t), (row g, 2t + 1), (row g + 8, 2t), (row g + 8, 2t + 1)
// k is summed over, so the caller may give it any order that is the same in a and b. A sum depends on its own
// row and column alone.
template <class T>
__device__ inline void multiply_add(float (&sums)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                                    std::uint32_t b1);

#ifdef SPECLAB_CUDA_SHIM

template <class T>
inline void multiply_add(float (&sums)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) {
  struct Fragments {
    std::uint32_t a[4], b[2];
  };
  const Fragments mine{{a[0], a[1], a[2], a[3]}, {b0, b1}};
  const cuda_shim::Deposits& all =
      cuda_shim::exchange(0xFFFFFFFFu, &mine, sizeof mine, std::source_location::current());
  const auto lane_part = [&](unsigned lane) {
    Fragments part;
    std::memcpy(&part, all[lane].data(), sizeof part);
    return part;
  };
  const unsigned g = cuda_shim::lane() / 4, t = cuda_shim::lane() % 4;
  float rows[2][16], columns[2][16];
  for (unsigned k = 0; k < 16; k += 2) {
    const unsigned pair = k % 8 / 2, upper = k / 8;
    const Fragments row = lane_part(4 * g + pair);
    for (unsigned i = 0; i < 2; ++i) {
      const std::uint32_t column = lane_part(4 * (2 * t + i) + pair).b[upper];
      rows[i][k] = to_float(low_half<T>(row.a[i + 2 * upper]));
      rows[i][k + 1] = to_float(high_half<T>(row.a[i + 2 * upper]));
      columns[i][k] = to_float(low_half<T>(column));
      columns[i][k + 1] = to_float(high_half<T>(column));
    }
  }
  for (unsigned i = 0; i < 4; ++i) {
    for (unsigned k = 0; k < 16; ++k) sums[i] += rows[i / 2][k] * columns[i % 2][k];
  }
}

#else

template <>
__device__ inline void multiply_add<Bf16>(float (&sums)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                                          std::uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

template <>
__device__ inline void multiply_add<F16>(float (&sums)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                                         std::uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

#endif

}  // namespace speclab
