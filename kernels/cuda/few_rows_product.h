#pragma once

#include <cstdint>

#include "kernels/cuda/kernel_demand.h"
#include "kernels/cuda/number.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

// What becomes of the sums y(n, j) = sum over k of x(n, k) w(j, k).
enum class Finish : std::uint8_t {
  store,  // out(n, j) = y(n, j), as float
  add,    // out(n, j) += y(n, j), as float: a layer's part joins the residual stream
  gate    // out(n, j) = silu(y(n, j)) y(n, outputs + j), rounded: `weights` holds gate, then up (SwiGLU)
};

// A product of few rows with a matrix that is streamed once: 1 to kMostRows rows on tensor cores. A row's
// result depends on its numbers alone, to the last bit, not on how many rows there are: k is cut into the
// same parts, which are added in the same order, for every count.
template <class T, class W = T>
struct FewRowsProduct {
  static constexpr int kMaxRows = 64;
  const W* weights =
      nullptr;  // (outputs, padded8(inputs)), int8: (outputs, padded16(inputs)); 16-byte aligned
  const float* scales = nullptr;  // (outputs), only with int8 weights: w(j, k) = scale(j) weight(j, k)
  const T* x = nullptr;           // (rows, padded16(inputs)), zeros beyond inputs
  void* out = nullptr;  // (rows, stride): float, or T for Finish::gate; beyond outputs it stays as it is
  int rows = 0, inputs = 0, outputs = 0;
  int stride = 0;  // of `out`, in elements
  Finish finish = Finish::store;
  // Finish::store: becomes the least row with a sum that is NaN or infinite, where that is less; the first
  // row is called `first_row`. May be null.
  std::int32_t* not_finite = nullptr;
  int first_row = 0;
};

// T: Bf16, F16 (what enters the product); W: T, or std::int8_t. By whichever kernel is best for the device
// and so many rows; all give the same bits.
template <class T, class W>
void multiply(const FewRowsProduct<T, W>& task, Stream& stream);

// By blocks that each read all of x; every device can.
template <class T, class W>
void multiply_by_blocks(const FewRowsProduct<T, W>& task, Stream& stream);

KernelDemand product_demand(int rows, int inputs, int outputs, double weight_bytes_each, Finish finish);

}  // namespace speclab
