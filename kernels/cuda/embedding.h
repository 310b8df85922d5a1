#pragma once

#include <cstdint>

#include "kernels/cuda/kernel_demand.h"
#include "kernels/cuda/number.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

// residual(n, :) = table(tokens(n), :), as float.
template <class T>
struct Embedding {
  const T* table = nullptr;              // (vocab, padded8(hidden))
  const std::int32_t* tokens = nullptr;  // (rows), each within the vocabulary
  float* residual = nullptr;             // (rows, hidden)
  int rows = 0, hidden = 0;
};

template <class T>
void embed(const Embedding<T>& task, Stream& stream);  // T: Bf16, F16

inline KernelDemand embed_demand(int rows, int hidden) { return {.bytes = 6.0 * rows * hidden + 4.0 * rows}; }

}  // namespace speclab
