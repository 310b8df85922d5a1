#include "kernels/cuda/weight_staging.h"

#include <algorithm>
#include <cstring>

#include "core/models/checkpoint/float16.h"
#include "kernels/cuda/number_conversion.h"
#include "kernels/cuda/row_quantizer.h"

namespace speclab {
namespace {

constexpr std::size_t kHalfBytes = std::size_t{8} << 20;

void convert(const Tensor& tensor, int first, int count, int inputs, std::uint16_t* to) {
  const std::size_t width = static_cast<std::size_t>(inputs),
                    stride = static_cast<std::size_t>(padded8(inputs));
  const std::byte* from = tensor.data + static_cast<std::size_t>(first) * width * bytes_of(tensor.dtype);
  if (tensor.dtype != Dtype::f32 && width == stride) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * width * 2);
    return;
  }
  for (int row = 0; row < count; ++row, from += width * bytes_of(tensor.dtype), to += stride) {
    if (tensor.dtype != Dtype::f32) {
      std::memcpy(to, from, width * 2);
    } else {
      for (std::size_t i = 0; i < width; ++i) {
        float value;
        std::memcpy(&value, from + i * sizeof value, sizeof value);
        to[i] = bf16_of(value);
      }
    }
    std::fill(to + width, to + stride, std::uint16_t{0});
  }
}

}  // namespace

void WeightStaging::send(const Tensor& tensor, int begin, int end, void* to) {
  const int inputs = static_cast<int>(tensor.shape[1]);
  const std::size_t bytes = row_bytes(inputs, false);
  const int max = static_cast<int>(std::max<std::size_t>(1, kHalfBytes / bytes));
  for (int row = begin; row < end; row += max) {
    const int count = std::min(max, end - row);
    Half& half = halves_[turn_++ % halves_.size()];
    half.sent.wait();
    half.buffer.require(bytes * static_cast<std::size_t>(std::min(max, end - begin)), "weights on their way");
    convert(tensor, row, count, inputs, reinterpret_cast<std::uint16_t*>(half.buffer.data()));
    copy_bytes(static_cast<std::byte*>(to) + static_cast<std::size_t>(row - begin) * bytes,
               half.buffer.data(), bytes * static_cast<std::size_t>(count), stream_);
    half.sent.record(stream_);
  }
}

}  // namespace speclab
