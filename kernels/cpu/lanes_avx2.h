#pragma once

#include <immintrin.h>

#include <cstdint>

namespace speclab {

// Sixteen f32 lanes as two halves of eight: lanes 0-7 and 8-15.
struct Avx2Lanes {
  struct F {
    __m256 lo, hi;
  };
  struct Pairs {  // 8 pairs of bf16 as f32: of lanes 0-7 or 8-15
    __m256 even, odd;
  };
  static constexpr const char* kName = "avx2";
  static constexpr int kTileRows = 2, kTileColumns = 2, kStreamRows = 4, kStreamColumns = 1;
  static constexpr int kPairParts = 2;

  static F set(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  static F load(const float* x) { return {_mm256_loadu_ps(x), _mm256_loadu_ps(x + 8)}; }
  static F load(const float* x, int count) {
    float copy[16] = {};
    __builtin_memcpy(copy, x, sizeof(float) * static_cast<unsigned>(count));
    return load(copy);
  }
  static void store(float* x, F a) {
    _mm256_storeu_ps(x, a.lo);
    _mm256_storeu_ps(x + 8, a.hi);
  }
  static void store(float* x, F a, int count) {
    float copy[16];
    store(copy, a);
    __builtin_memcpy(x, copy, sizeof(float) * static_cast<unsigned>(count));
  }
  static F load_f16(const std::uint16_t* x) {
    const auto* at = reinterpret_cast<const __m128i*>(x);
    return {_mm256_cvtph_ps(_mm_loadu_si128(at)), _mm256_cvtph_ps(_mm_loadu_si128(at + 1))};
  }
  static F load_f16(const std::uint16_t* x, int count) {
    std::uint16_t copy[16] = {};
    __builtin_memcpy(copy, x, 2 * static_cast<unsigned>(count));
    return load_f16(copy);
  }
  static Pairs load_pairs(const std::uint16_t* x, int part) {
    const __m256i pairs = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x) + part);
    return {_mm256_castsi256_ps(_mm256_slli_epi32(pairs, 16)),
            _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(static_cast<int>(0xFFFF0000u))))};
  }
  static Pairs load_pairs(const std::uint16_t* x, int count, int part) {
    std::uint16_t copy[32] = {};
    __builtin_memcpy(copy, x, 2 * static_cast<unsigned>(count));
    return load_pairs(copy, part);
  }
  static F add(F a, F b) { return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)}; }
  static F sub(F a, F b) { return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)}; }
  static F mul(F a, F b) { return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)}; }
  static F div(F a, F b) { return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)}; }
  static F max(F a, F b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }
  static F min(F a, F b) { return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)}; }
  static F fma(F a, F b, F c) {
    return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
  }
  static F zero_below(F x, float bound, F value) {
    const __m256 min = _mm256_set1_ps(bound);
    return {_mm256_andnot_ps(_mm256_cmp_ps(x.lo, min, _CMP_LT_OQ), value.lo),
            _mm256_andnot_ps(_mm256_cmp_ps(x.hi, min, _CMP_LT_OQ), value.hi)};
  }
  static F power_of_two(F shifted) { return {power_of_two(shifted.lo), power_of_two(shifted.hi)}; }
  static void dot(F& sum, Pairs w, Pairs x, int part) {
    __m256& half = part == 0 ? sum.lo : sum.hi;
    half = _mm256_fmadd_ps(w.even, x.even, _mm256_fmadd_ps(w.odd, x.odd, half));
  }
  static float total(F a) {
    const __m256 eight = _mm256_add_ps(a.lo, a.hi);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  template <int Count>
  static void totals(const F (&sums)[Count], float* out) {
    for (int i = 0; i < Count; ++i) out[i] = total(sums[i]);
  }
  static void prefetch(const void* where) { _mm_prefetch(static_cast<const char*>(where), _MM_HINT_T1); }

 private:
  static __m256 power_of_two(__m256 shifted) {
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_add_epi32(_mm256_castps_si256(shifted), _mm256_set1_epi32(127)), 23));
  }
};

}  // namespace speclab
