#pragma once

#include <cstdint>

#include "kernels/cuda/number.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

// to(j, i) = random_value(key, first + j inputs + i) * scale, rounded; see kernels/llama/random_values.h. As
// on the processor, magnitudes below F16's normal range become zero.
template <class T>
struct RandomRows {
  T* to = nullptr;  // (rows, padded8(inputs)), zeros beyond inputs
  int rows = 0, inputs = 0;
  std::uint64_t key = 0, first = 0;
  float scale = 0;
};
template <class T>
void fill_random(const RandomRows<T>& task, Stream& stream);  // T: Bf16, F16

// One scale per row: from(j, i) is about scales(j) to(j, i), where the row's largest magnitude becomes 127.
template <class T>
struct QuantizeRows {
  const T* from = nullptr;    // (rows, padded8(inputs))
  std::int8_t* to = nullptr;  // (rows, padded16(inputs)), zeros beyond inputs
  float* scales = nullptr;    // (rows)
  int rows = 0, inputs = 0;
};
template <class T>
void quantize(const QuantizeRows<T>& task, Stream& stream);  // T: Bf16, F16

}  // namespace speclab
