#pragma once

#include <cstring>

#include "kernels/cpu/aligned_buffer.h"
#include "kernels/cpu/arithmetic.h"
#include "kernels/cpu/thread_team.h"
#include "kernels/llama/linear.h"

namespace speclab {

// Rows as they enter matrices of one type: rounded where these are bf16.
class Panel {
 public:
  // Room for `rows` rows of a length, for matrices of a type; what it held is lost.
  void reset(Dtype dtype, int rows, int length) {
    dtype_ = dtype;
    stride_ = static_cast<std::size_t>(padded(length));
    const std::size_t bytes = static_cast<std::size_t>(rows) * stride_ * panel_bytes(dtype);
    bytes_.require(bytes);
    if (stride_ != static_cast<std::size_t>(length)) std::memset(bytes_.data(), 0, bytes);
  }
  // Lays numbers from column `column` on.
  void put(const Arithmetic& arithmetic, int row, int column, const float* x, int length) {
    const std::size_t element = static_cast<std::size_t>(row) * stride_ + static_cast<std::size_t>(column);
    std::byte* out = bytes_.data() + element * panel_bytes(dtype_);
    if (dtype_ == Dtype::bf16) {
      arithmetic.round_to_bf16(x, length, reinterpret_cast<std::uint16_t*>(out));
    } else {
      std::memcpy(out, x, static_cast<std::size_t>(length) * sizeof(float));
    }
  }
  const void* data() const { return bytes_.data(); }
  std::size_t stride() const { return stride_; }

 private:
  Dtype dtype_ = Dtype::f32;
  std::size_t stride_ = 0;
  AlignedBuffer<std::byte> bytes_;
};

// The thread's share of out (count, stride) = panel times the matrix, plus its bias. Returns the share:
// outputs.
inline Share multiply(const Arithmetic& arithmetic, const Linear& linear, const Panel& panel, int count,
                      float* out, std::size_t stride, int thread, int threads) {
  const Share share = share_of(linear.outputs, 16, thread, threads);
  if (share.begin < share.end) {
    arithmetic.matmul({.dtype = linear.dtype,
                       .weights = linear.weights,
                       .depth = linear.inputs,
                       .begin = share.begin,
                       .end = share.end,
                       .panel = panel.data(),
                       .panel_stride = panel.stride(),
                       .count = count,
                       .out = out,
                       .out_stride = stride,
                       .bias = linear.bias.empty() ? nullptr : linear.bias.data()});
  }
  return share;
}

}  // namespace speclab
