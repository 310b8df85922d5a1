#pragma once

#include <cmath>
#include <cstdint>

#include "core/random/mix64.h"

namespace speclab {

// Weights of models that have learnt nothing, as functions of the seed and of their number among all weights
// of the model, so that any device makes the same. Matrices have variance 1 / inputs, so that activations
// neither die nor explode; norms are near one.

constexpr std::uint64_t random_key(std::uint64_t seed) { return mix64(seed + kGolden); }

// Roughly normal with variance 1: the sum of four uniform 16-bit numbers.
constexpr float random_value(std::uint64_t key, std::uint64_t number) {
  const std::uint64_t bits = mix64(key + kGolden * (number + 1));
  float sum = 0;
  for (int i = 0; i < 4; ++i) sum += static_cast<float>((bits >> (16 * i)) & 0xFFFFu) / 65535.0f - 0.5f;
  return sum * 1.7320508f;
}

inline float matrix_scale(std::int64_t inputs) { return 1.0f / std::sqrt(static_cast<float>(inputs)); }
constexpr float kNormScale = 0.1f;

}  // namespace speclab
