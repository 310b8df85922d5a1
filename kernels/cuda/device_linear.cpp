#include "kernels/cuda/device_linear.h"

#include "kernels/cuda/few_rows_product.h"
#include "kernels/cuda/weight_writer.h"

namespace speclab {
namespace {

template <class T>
void multiply_as(const DeviceLinear& linear, const void* x, float* out, int rows, Stream& stream,
                 std::int32_t* not_finite) {
  const auto product = [&]<class W>(const W* weights) {
    multiply<T, W>({.weights = weights,
                    .scales = linear.matrix.scales,
                    .x = static_cast<const T*>(x),
                    .out = out,
                    .rows = rows,
                    .inputs = linear.inputs,
                    .outputs = linear.outputs,
                    .stride = linear.outputs,
                    .not_finite = not_finite},
                   stream);
  };
  if (linear.matrix.scales) {
    product(static_cast<const std::int8_t*>(linear.matrix.data));
  } else {
    product(static_cast<const T*>(linear.matrix.data));
  }
}

}  // namespace

void multiply(const DeviceLinear& linear, const void* x, float* out, int rows, Stream& stream,
              std::int32_t* not_finite) {
  if (linear.dtype == Dtype::f16) {
    multiply_as<F16>(linear, x, out, rows, stream, not_finite);
  } else {
    multiply_as<Bf16>(linear, x, out, rows, stream, not_finite);
  }
}

DeviceLinear DevicePieces::linear(const Linear& linear) {
  return linear.weights ? stacked({&linear, 1}) : DeviceLinear{};
}

DeviceLinear DevicePieces::stacked(std::span<const Linear> parts) {
  DeviceLinear made;
  made.dtype = parts[0].dtype == Dtype::f16 ? Dtype::f16 : Dtype::bf16;
  made.inputs = parts[0].inputs;
  for (const Linear& part : parts) made.outputs += part.outputs;
  const std::size_t bytes = row_bytes(made.inputs, false);
  memory_.emplace_back(Memory::Place::device, static_cast<std::size_t>(made.outputs) * bytes,
                       "weights of heads");
  auto* to = static_cast<std::byte*>(memory_.back().data());
  made.matrix.data = to;
  for (const Linear& part : parts) {
    staging_.send({part.dtype, {part.outputs, part.inputs}, part.weights}, 0, part.outputs, to);
    to += static_cast<std::size_t>(part.outputs) * bytes;
  }
  if (parts.size() == 1 && !parts[0].bias.empty()) made.bias = vector(parts[0].bias);
  return made;
}

const float* DevicePieces::vector(std::span<const float> values) {
  memory_.emplace_back(Memory::Place::device, values.size_bytes(), "weights of heads");
  auto* to = static_cast<float*>(memory_.back().data());
  copy(to, values, stream_);
  stream_.wait();  // the values may go away
  return to;
}

}  // namespace speclab
