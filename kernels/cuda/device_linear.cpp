#include "kernels/cuda/device_linear.h"

#include "kernels/cuda/matrix_product.h"

namespace speclab {

void multiply(const DeviceLinear& linear, const void* x, float* out, int rows, Stream& stream,
              std::int32_t* not_finite) {
  with_number(linear.dtype, [&]<class T>(T) {
    multiply<T>({.x = static_cast<const T*>(x),
                 .out = out,
                 .rows = rows,
                 .inputs = linear.inputs,
                 .outputs = linear.outputs,
                 .stride = linear.outputs,
                 .not_finite = not_finite},
                linear.matrix, stream);
  });
}

DeviceLinear DevicePieces::linear(const Linear& linear) {
  return linear.weights ? stacked({&linear, 1}) : DeviceLinear{};
}

DeviceLinear DevicePieces::stacked(std::span<const Linear> parts) {
  return stacked(parts, precision_ == CudaPrecision::int8);
}

DeviceLinear DevicePieces::table(const Linear& linear) { return stacked({&linear, 1}, false); }

DeviceLinear DevicePieces::stacked(std::span<const Linear> parts, bool int8) {
  DeviceLinear made;
  made.dtype = device_dtype(parts[0].dtype);
  made.inputs = parts[0].inputs;
  for (const Linear& part : parts) made.outputs += part.outputs;
  const std::size_t bytes = row_bytes(made.inputs, int8);
  memory_.emplace_back(Memory::Place::device, static_cast<std::size_t>(made.outputs) * bytes,
                       "weights of heads");
  auto* to = static_cast<std::byte*>(memory_.back().data());
  made.matrix.data = to;
  float* scales = nullptr;
  if (int8) {
    memory_.emplace_back(Memory::Place::device, static_cast<std::size_t>(made.outputs) * sizeof(float),
                         "scales of heads");
    made.matrix.scales = scales = static_cast<float*>(memory_.back().data());
  }
  for (const Linear& part : parts) {
    const auto rows = [&](int begin, int end, void* where) {
      staging_.send({part.dtype, {part.outputs, part.inputs}, part.weights}, begin, end, where);
    };
    if (int8) {
      quantizer_.write(made.dtype, part.outputs, part.inputs, rows, reinterpret_cast<std::int8_t*>(to),
                       scales);
      scales += part.outputs;
    } else {
      rows(0, part.outputs, to);
    }
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
