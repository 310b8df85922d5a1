#pragma once

#include <immintrin.h>

#include <cstdint>

namespace speclab {

// Sixteen f32 lanes as one register.
struct Avx512Lanes {
  using F = __m512;
  using Pairs = __m512i;  // 16 pairs of bf16
  static constexpr const char* kName = "avx512";
  static constexpr int kTileRows = 4, kTileColumns = 6, kStreamRows = 8, kStreamColumns = 3;
  static constexpr int kPairParts = 1;

  static F set(float x) { return _mm512_set1_ps(x); }
  static F load(const float* x) { return _mm512_loadu_ps(x); }
  static F load(const float* x, int count) { return _mm512_maskz_loadu_ps(lanes(count), x); }
  static void store(float* x, F a) { _mm512_storeu_ps(x, a); }
  static void store(float* x, F a, int count) { _mm512_mask_storeu_ps(x, lanes(count), a); }
  static F load_f16(const std::uint16_t* x) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)));
  }
  static F load_f16(const std::uint16_t* x, int count) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(lanes(count), x));
  }
  static Pairs load_pairs(const std::uint16_t* x, int) { return _mm512_loadu_si512(x); }
  static Pairs load_pairs(const std::uint16_t* x, int count, int) {
    return _mm512_maskz_loadu_epi16(static_cast<__mmask32>((1ull << count) - 1), x);
  }
  static F add(F a, F b) { return _mm512_add_ps(a, b); }
  static F sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F div(F a, F b) { return _mm512_div_ps(a, b); }
  static F max(F a, F b) { return _mm512_max_ps(a, b); }
  static F min(F a, F b) { return _mm512_min_ps(a, b); }
  static F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  static F zero_below(F x, float bound, F value) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, _mm512_set1_ps(bound), _CMP_NLT_UQ), value);
  }
  static F power_of_two(F shifted) {
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_add_epi32(_mm512_castps_si512(shifted), _mm512_set1_epi32(127)), 23));
  }
  static void dot(F& sum, Pairs w, Pairs x, int) {
    sum = _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(w), reinterpret_cast<__m512bh>(x));
  }
  static float total(F a) {
    const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a), 1));
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a), high);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  // out(i) = total(sums(i)), by the same additions: each of them serves as many sums as its lanes hold.
  template <int Count>
  static void totals(const F (&sums)[Count], float* out) {
    constexpr int kSixteens = Count / 16 * 16, kFours = Count / 4 * 4;
#pragma GCC unroll 2
    for (int i = 0; i < kSixteens; i += 16) store(out + i, total_16(sums + i));
#pragma GCC unroll 4
    for (int i = kSixteens; i < kFours; i += 4) _mm_storeu_ps(out + i, total_4(sums + i));
#pragma GCC unroll 4
    for (int i = kFours; i < Count; ++i) out[i] = total(sums[i]);
  }
  static void prefetch(const void* where) { _mm_prefetch(static_cast<const char*>(where), _MM_HINT_T1); }

 private:
  // Lane i of a half, quarter, ... of `a` plus its partner there, beside the same of `b`.
  static F halves(F a, F b) {
    return add(_mm512_mask_blend_ps(0xFF00, a, b), _mm512_shuffle_f32x4(a, b, 0x4E));
  }
  static F quarters(F a, F b) {
    const F crossed = _mm512_mask_blend_ps(0xF0F0, b, a);
    return add(_mm512_mask_blend_ps(0xF0F0, a, b), _mm512_shuffle_f32x4(crossed, crossed, 0xB1));
  }
  static F twos(F a, F b) { return add(_mm512_mask_blend_ps(0xCCCC, a, b), _mm512_shuffle_ps(a, b, 0x4E)); }
  static F ones(F a, F b) {
    const F crossed = _mm512_mask_blend_ps(0xAAAA, b, a);
    return add(_mm512_mask_blend_ps(0xAAAA, a, b), _mm512_permute_ps(crossed, 0xB1));
  }
  static F total_16(const F* s) {
    F eight[8], four[4];
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) eight[i] = halves(s[i], s[i + 8]);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) four[i] = quarters(eight[i], eight[i + 4]);
    return ones(twos(four[0], four[2]), twos(four[1], four[3]));
  }
  static __m128 total_4(const F* s) {
    const F two = quarters(halves(s[0], s[1]), halves(s[2], s[3]));  // quarters of sums 0 2 1 3
    const F one = add(two, _mm512_permute_ps(two, 0x4E));
    const F all = add(one, _mm512_permute_ps(one, 0xB1));
    const __m512i firsts = _mm512_set_epi32(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 4, 8, 0);
    return _mm512_castps512_ps128(_mm512_permutexvar_ps(firsts, all));
  }
  static __mmask16 lanes(int count) { return static_cast<__mmask16>((1u << count) - 1); }
};

}  // namespace speclab
