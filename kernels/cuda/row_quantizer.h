#pragma once

#include <cstdint>
#include <functional>

#include "core/models/checkpoint/dtype.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

// Bytes of a matrix's row on the device.
std::size_t row_bytes(int inputs, bool int8);

// Matrices of 16-bit numbers on their way to int8, some rows at a time.
class RowQuantizer {
 public:
  // Puts rows begin .. end - 1 of a matrix to `to`, in device memory, with a stride of row_bytes(inputs,
  // false).
  using Rows = std::function<void(int begin, int end, void* to)>;

  explicit RowQuantizer(Stream& stream) : stream_(stream) {}
  // to: (outputs, padded16(inputs)); scales: (outputs).
  void write(Dtype dtype, int outputs, int inputs, const Rows& rows, std::int8_t* to, float* scales);

 private:
  Stream& stream_;
  DeviceBuffer<std::byte> scratch_;
};

}  // namespace speclab
