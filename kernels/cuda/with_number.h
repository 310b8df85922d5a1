#pragma once

#include "core/models/checkpoint/dtype.h"
#include "kernels/cuda/number.h"

namespace speclab {

// In which a stored type is kept on the device: f16 as it is, bf16 and f32 as bf16.
constexpr Dtype device_dtype(Dtype stored) { return stored == Dtype::f16 ? Dtype::f16 : Dtype::bf16; }

// Calls `use` with a number of the type in which numbers of this one are kept on the device.
template <class Use>
auto with_number(Dtype dtype, const Use& use) {
  if (device_dtype(dtype) == Dtype::f16) return use(F16{});
  return use(Bf16{});
}

}  // namespace speclab
