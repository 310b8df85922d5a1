#include "kernels/cuda/weight_writer.h"

#include <algorithm>

#include "kernels/cuda/number_conversion.h"
#include "kernels/cuda/weight_values.h"
#include "kernels/cuda/with_number.h"

namespace speclab {
namespace {

constexpr std::size_t kScratchBytes = std::size_t{16} << 20;

}  // namespace

std::size_t row_bytes(int inputs, bool int8) {
  return static_cast<std::size_t>(int8 ? padded16(inputs) : 2 * padded8(inputs));
}

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
    : precision_(precision), stream_(stream) {
  WeightCounter count(precision);
  take_parts<DeviceMatrix, const float*>(config, count);
  memory_ = Memory(Memory::Place::device, count.matrix_bytes() + count.floats() * sizeof(float),
                   "a model's weights");
  next_matrix_ = static_cast<std::byte*>(memory_.data());
  next_float_ = reinterpret_cast<float*>(next_matrix_ + count.matrix_bytes());
}

DeviceMatrix WeightWriter::write(int outputs, int inputs, bool int8, const Rows& rows) {
  const std::size_t bytes = row_bytes(inputs, int8), plain_bytes = row_bytes(inputs, false);
  std::byte* data = next_matrix_;
  next_matrix_ += static_cast<std::size_t>(outputs) * bytes;
  if (!int8) {
    rows(0, outputs, data);
    return {data, nullptr};
  }
  float* scales = next_float_;
  next_float_ += outputs;
  const int most = static_cast<int>(std::max<std::size_t>(1, kScratchBytes / plain_bytes));
  scratch_.require(plain_bytes * static_cast<std::size_t>(std::min(most, outputs)), "rows that become int8");
  for (int begin = 0; begin < outputs; begin += most) {
    const int end = std::min(begin + most, outputs);
    rows(begin, end, scratch_.data());
    quantize_to(scratch_.data(), end - begin, inputs,
                reinterpret_cast<std::int8_t*>(data) + static_cast<std::size_t>(begin) * bytes,
                scales + begin);
  }
  return {data, scales};
}

void WeightWriter::quantize_to(const void* from, int rows, int inputs, std::int8_t* to, float* scales) {
  with_number(dtype_, [&]<class T>(T) {
    quantize<T>({static_cast<const T*>(from), to, scales, rows, inputs}, stream_);
  });
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
