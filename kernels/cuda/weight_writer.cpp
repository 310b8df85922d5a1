#include "kernels/cuda/weight_writer.h"

#include <algorithm>

#include "kernels/cuda/number_conversion.h"
#include "kernels/cuda/weight_values.h"
#include "kernels/cuda/with_number.h"

namespace speclab {
DeviceMatrix WeightCounter::add(int outputs, int inputs, bool int8) {
  matrices_ += static_cast<std::size_t>(outputs) * row_bytes(inputs, int8);
  if (int8) floats_ += static_cast<std::size_t>(outputs);
  return {};
}
DeviceMatrix WeightCounter::tied(const DeviceMatrix&, int vocab, int hidden) {
  return precision_ == CudaPrecision::int8 ? add(vocab, hidden, true) : DeviceMatrix{};
}
DeviceMatrix WeightCounter::matrix(const std::string&, int outputs, int inputs) {
  return add(outputs, inputs, precision_ == CudaPrecision::int8);
}
const float* WeightCounter::vector(const std::string&, int length) {
  floats_ += static_cast<std::size_t>(length);
  return nullptr;
}

WeightWriter::WeightWriter(const LlamaConfig& config, CudaPrecision precision, Stream& stream)
    : precision_(precision), stream_(stream), quantizer_(stream) {
  WeightCounter count(precision);
  take_parts<DeviceMatrix, const float*>(config, count);
  memory_ = Memory(Memory::Place::device, count.matrix_bytes() + count.floats() * sizeof(float),
                   "a model's weights");
  next_matrix_ = static_cast<std::byte*>(memory_.data());
  next_float_ = reinterpret_cast<float*>(next_matrix_ + count.matrix_bytes());
}

DeviceMatrix WeightWriter::write(int outputs, int inputs, bool int8, const Rows& rows) {
  std::byte* data = next_matrix_;
  next_matrix_ += static_cast<std::size_t>(outputs) * row_bytes(inputs, int8);
  if (!int8) {
    rows(0, outputs, data);
    return {data, nullptr};
  }
  float* scales = next_float_;
  next_float_ += outputs;
  quantizer_.write(dtype_, outputs, inputs, rows, reinterpret_cast<std::int8_t*>(data), scales);
  return {data, scales};
}

DeviceMatrix WeightWriter::tied(const DeviceMatrix& table, int vocab, int hidden) {
  if (precision_ == CudaPrecision::as_stored) return table;
  return write(vocab, hidden, true, [&](int begin, int end, void* to) {
    const std::size_t bytes = row_bytes(hidden, false);
    copy_bytes(to, static_cast<const std::byte*>(table.data) + static_cast<std::size_t>(begin) * bytes,
               static_cast<std::size_t>(end - begin) * bytes, stream_);
  });
}

const float* WeightWriter::vector(std::span<const float> values) {
  float* to = next_float_;
  next_float_ += values.size();
  copy(to, values, stream_);
  return to;
}

Memory WeightWriter::finish() {
  stream_.wait();
  return std::move(memory_);
}

}  // namespace speclab
