#pragma once

#include <vector>

#include "kernels/cuda/cuda_weights.h"
#include "kernels/cuda/row_quantizer.h"
#include "kernels/cuda/weight_staging.h"
#include "kernels/cuda/with_number.h"
#include "kernels/llama/linear.h"

namespace speclab {

// A matrix that stands alone, on the device.
struct DeviceLinear {
  DeviceMatrix matrix;
  Dtype dtype = Dtype::bf16;  // of rows that enter it, and of the matrix where that is not int8: bf16 or f16
  int outputs = 0, inputs = 0;
  const float* bias = nullptr;  // (outputs); null: none

  explicit operator bool() const { return matrix.data != nullptr; }
};

// out (rows, outputs) = x times the matrix; the bias is added by the reader of `out`. x: (rows,
// padded16(inputs)) of the matrix's type. See FewRowsProduct::not_finite.
void multiply(const DeviceLinear& linear, const void* x, float* out, int rows, Stream& stream,
              std::int32_t* not_finite = nullptr);

// Brings matrices and vectors to the device, each into memory of its own that lives as long as this.
class DevicePieces {
 public:
  DevicePieces(CudaPrecision precision, Stream& stream)
      : precision_(precision), stream_(stream), staging_(stream), quantizer_(stream) {}

  // f32 becomes bf16, then int8 where that is the precision. Without weights it stays without.
  DeviceLinear linear(const Linear& linear);
  // Matrices of one type and as many inputs, one below the other.
  DeviceLinear stacked(std::span<const Linear> parts);
  DeviceLinear table(const Linear& linear);  // never int8
  const float* vector(std::span<const float> values);
  void wait() { stream_.wait(); }

 private:
  DeviceLinear stacked(std::span<const Linear> parts, bool int8);

  CudaPrecision precision_;
  Stream& stream_;
  WeightStaging staging_;
  RowQuantizer quantizer_;
  std::vector<Memory> memory_;
};

}  // namespace speclab
