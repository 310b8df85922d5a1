#pragma once

#include "kernels/cpu/arithmetic.h"

// Included once per instruction set, in a file compiled for it: everything here depends on Lanes.
namespace speclab {

// e^x as 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2] (Taylor to degree 7; its remainder is
// below 1e-8 there). The reduction is Cody and Waite's, ln 2 in two parts.
template <class Lanes>
typename Lanes::F exponential(typename Lanes::F given) {
  const auto x = Lanes::min(Lanes::set(88.0f), Lanes::max(Lanes::set(-88.0f), given));
  constexpr float kShift = 0x1.8p23f;  // adding it rounds to a whole number
  const auto shifted = Lanes::fma(x, Lanes::set(0x1.715476p+0f), Lanes::set(kShift));
  const auto n = Lanes::sub(shifted, Lanes::set(kShift));
  auto r = Lanes::fma(n, Lanes::set(-0x1.62e400p-1f), x);
  r = Lanes::fma(n, Lanes::set(-0x1.7f7d1cp-20f), r);
  auto p = Lanes::set(1.0f / 5040);
  constexpr float kCoefficients[] = {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f};
  for (const float coefficient : kCoefficients) p = Lanes::fma(p, r, Lanes::set(coefficient));
  return Lanes::zero_below(given, -87.0f, Lanes::mul(p, Lanes::power_of_two(shifted)));
}

template <class Lanes>
void exp_all(const float* x, int length, float* out) {
  for (int i = 0; i < length; i += 16) {
    const int count = length - i < 16 ? length - i : 16;
    Lanes::store(out + i, exponential<Lanes>(Lanes::load(x + i, count)), count);
  }
}

template <class Lanes>
void rms_norm(const float* x, const float* weight, int length, float epsilon, float* out) {
  auto sums = Lanes::set(0);
  for (int i = 0; i < length; i += 16) {
    const auto v = length - i < 16 ? Lanes::load(x + i, length - i) : Lanes::load(x + i);
    sums = Lanes::fma(v, v, sums);
  }
  const float mean = Lanes::total(sums) / static_cast<float>(length);
  const auto factor = Lanes::set(1.0f / __builtin_sqrtf(mean + epsilon));
  for (int i = 0; i < length; i += 16) {
    const int count = length - i < 16 ? length - i : 16;
    const auto v = Lanes::mul(Lanes::load(x + i, count), factor);
    Lanes::store(out + i, Lanes::mul(v, Lanes::load(weight + i, count)), count);
  }
}

template <class Lanes>
void swiglu(const float* gate, const float* up, int length, float* out) {
  const auto one = Lanes::set(1);
  for (int i = 0; i < length; i += 16) {
    const int count = length - i < 16 ? length - i : 16;
    const auto g = Lanes::load(gate + i, count);
    const auto below = Lanes::add(one, exponential<Lanes>(Lanes::sub(Lanes::set(0), g)));
    Lanes::store(out + i, Lanes::mul(Lanes::div(g, below), Lanes::load(up + i, count)), count);
  }
}

// By integers alone, so that every instruction set treats values near zero alike.
template <class Lanes>
void round_to_bf16(const float* x, int length, std::uint16_t* out) {
  for (int i = 0; i < length; ++i) {
    std::uint32_t bits;
    __builtin_memcpy(&bits, x + i, sizeof bits);
    const std::uint32_t rounded = bits + 0x7FFFu + ((bits >> 16) & 1u);
    const std::uint32_t kept = (bits & 0x7F800000u) == 0 ? bits & 0x80000000u : rounded;
    out[i] = static_cast<std::uint16_t>(kept >> 16);
  }
}

template <class Lanes>
bool all_finite(const float* x, int length) {
  std::uint32_t found = 0;
  for (int i = 0; i < length; ++i) {
    std::uint32_t bits;
    __builtin_memcpy(&bits, x + i, sizeof bits);
    found |= static_cast<std::uint32_t>((bits & 0x7F800000u) == 0x7F800000u);
  }
  return found == 0;
}

}  // namespace speclab
