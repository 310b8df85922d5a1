#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "core/models/checkpoint/float16.h"

namespace speclab {

// Sixteen f32 lanes as an array: what the other Lanes must equal bit for bit.
struct PortableLanes {
  struct F {
    float v[16];
  };
  struct Pairs {  // 16 pairs of bf16
    std::uint16_t v[32];
  };
  static constexpr const char* kName = "portable";
  static constexpr int kTileRows = 2, kTileColumns = 2, kStreamRows = 2, kStreamColumns = 1;
  static constexpr int kPairParts = 1;

  template <class Function>
  static F each(Function function) {
    F out;
    for (int i = 0; i < 16; ++i) out.v[i] = function(i);
    return out;
  }
  static F set(float x) {
    return each([=](int) { return x; });
  }
  static F load(const float* x) {
    F out;
    std::memcpy(out.v, x, sizeof out.v);
    return out;
  }
  static F load(const float* x, int count) {
    F out = set(0);
    std::memcpy(out.v, x, sizeof(float) * static_cast<unsigned>(count));
    return out;
  }
  static void store(float* x, const F& a) { std::memcpy(x, a.v, sizeof a.v); }
  static void store(float* x, const F& a, int count) {
    std::memcpy(x, a.v, sizeof(float) * static_cast<unsigned>(count));
  }
  static F load_f16(const std::uint16_t* x) { return load_f16(x, 16); }
  static F load_f16(const std::uint16_t* x, int count) {
    std::uint16_t bits[16] = {};
    std::memcpy(bits, x, 2 * static_cast<unsigned>(count));
    return each([&](int i) { return float_of_f16(bits[i]); });
  }
  static Pairs load_pairs(const std::uint16_t* x, int) { return load_pairs(x, 32, 0); }
  static Pairs load_pairs(const std::uint16_t* x, int count, int) {
    Pairs out = {};
    std::memcpy(out.v, x, 2 * static_cast<unsigned>(count));
    return out;
  }
  static F add(const F& a, const F& b) {
    return each([&](int i) { return a.v[i] + b.v[i]; });
  }
  static F sub(const F& a, const F& b) {
    return each([&](int i) { return a.v[i] - b.v[i]; });
  }
  static F mul(const F& a, const F& b) {
    return each([&](int i) { return a.v[i] * b.v[i]; });
  }
  static F div(const F& a, const F& b) {
    return each([&](int i) { return a.v[i] / b.v[i]; });
  }
  // b where either is not a number.
  static F max(const F& a, const F& b) {
    return each([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
  }
  static F min(const F& a, const F& b) {
    return each([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
  }
  static F fma(const F& a, const F& b, const F& c) {
    return each([&](int i) { return std::fma(a.v[i], b.v[i], c.v[i]); });
  }
  // `value`, but zero where x < bound.
  static F zero_below(const F& x, float bound, const F& value) {
    return each([&](int i) { return x.v[i] < bound ? 0.0f : value.v[i]; });
  }
  // 2^n of n + 1.5 * 2^23, n whole.
  static F power_of_two(const F& shifted) {
    return each([&](int i) {
      return std::bit_cast<float>((std::bit_cast<std::uint32_t>(shifted.v[i]) + 127u) << 23);
    });
  }
  static void dot(F& sum, const Pairs& w, const Pairs& x, int) {
    sum = each([&](int i) {
      const float odd = std::fma(float_of_bf16(w.v[2 * i + 1]), float_of_bf16(x.v[2 * i + 1]), sum.v[i]);
      return std::fma(float_of_bf16(w.v[2 * i]), float_of_bf16(x.v[2 * i]), odd);
    });
  }
  static float total(const F& a) {
    F sum = a;
    for (int width = 8; width >= 1; width /= 2) {
      for (int i = 0; i < width; ++i) sum.v[i] = sum.v[i] + sum.v[i + width];
    }
    return sum.v[0];
  }
  template <int Count>
  static void totals(const F (&sums)[Count], float* out) {
    for (int i = 0; i < Count; ++i) out[i] = total(sums[i]);
  }
  static void prefetch(const void*) {}
};

}  // namespace speclab
