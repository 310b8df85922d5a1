#pragma once

#include <cstddef>
#include <cstdint>

namespace speclab {

enum class Dtype : std::uint8_t { f32, f16, bf16 };

constexpr std::size_t bytes_of(Dtype dtype) { return dtype == Dtype::f32 ? 4 : 2; }

// As safetensors spells it.
constexpr const char* name_of(Dtype dtype) {
  return dtype == Dtype::f32 ? "F32" : dtype == Dtype::f16 ? "F16" : "BF16";
}

}  // namespace speclab
