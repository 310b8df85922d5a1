#pragma once

#include <cuda_runtime.h>

#include <bit>
#include <cstdint>

#include "core/models/checkpoint/float16.h"
#include "kernels/cuda/number.h"

namespace speclab {

// Conversions as the hardware does them: nearest, ties to even, denormals kept, NaN to 0x7FFF.

__host__ __device__ inline float to_float(float x) { return x; }
__host__ __device__ inline float to_float(Bf16 x) { return float_of_bf16(x.bits); }
__host__ __device__ inline float to_float(F16 x) {
#ifdef __CUDA_ARCH__
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(x.bits));
  return value;
#else
  return float_of_f16(x.bits);
#endif
}

namespace detail {

constexpr std::uint16_t bf16_bits(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return 0x7FFF;
  return static_cast<std::uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

constexpr std::uint16_t f16_bits(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u) return 0x7FFF;
  std::uint32_t rounded = 0;
  if (magnitude < 0x38800000u) {
    // Adding one half leaves the fraction in units of 2^-24 in the lowest bits, rounded to even.
    rounded = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3F000000u;
  } else {
    rounded = (magnitude - 0x38000000u + 0xFFFu + (magnitude >> 13 & 1u)) >> 13;
  }
  return static_cast<std::uint16_t>(sign | (rounded < 0x7C00u ? rounded : 0x7C00u));
}

}  // namespace detail

template <class T>
__host__ __device__ T number_of(float value);

template <>
__host__ __device__ inline float number_of<float>(float value) {
  return value;
}
template <>
__host__ __device__ inline Bf16 number_of<Bf16>(float value) {
#ifdef __CUDA_ARCH__
  std::uint16_t bits;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return {bits};
#else
  return {detail::bf16_bits(value)};
#endif
}
template <>
__host__ __device__ inline F16 number_of<F16>(float value) {
#ifdef __CUDA_ARCH__
  std::uint16_t bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return {bits};
#else
  return {detail::f16_bits(value)};
#endif
}

// Two numbers in one register, the first in the low half.
template <class T>
__device__ inline std::uint32_t pack(T first, T second) {
  return static_cast<std::uint32_t>(first.bits) | static_cast<std::uint32_t>(second.bits) << 16;
}
template <class T>
__device__ inline std::uint32_t pack_floats(float first, float second) {
  return pack(number_of<T>(first), number_of<T>(second));
}
template <class T>
__device__ inline T low_half(std::uint32_t pair) {
  return {static_cast<std::uint16_t>(pair & 0xFFFFu)};
}
template <class T>
__device__ inline T high_half(std::uint32_t pair) {
  return {static_cast<std::uint16_t>(pair >> 16)};
}

// Eight 16-bit numbers in 16 bytes.
constexpr int kPerLoad = 8;

__device__ inline uint4 load16(const void* from) { return *static_cast<const uint4*>(from); }

__device__ inline std::uint32_t word_of(const uint4& four, int i) {
  return i == 0 ? four.x : i == 1 ? four.y : i == 2 ? four.z : four.w;
}

// For what is read once: it does not stay in the first-level cache. Not ld.global.nc, which the assembler
// moves behind a wait for earlier kernels (early_start.h).
__device__ inline uint4 load16_streaming(const void* from) {
#ifdef __CUDA_ARCH__
  uint4 value;
  asm volatile("ld.global.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w)
               : "l"(from)
               : "memory");
  return value;
#else
  return load16(from);
#endif
}

}  // namespace speclab
