#pragma once

#include <cstddef>
#include <span>

#include "kernels/cuda/cuda_weights.h"
#include "kernels/cuda/row_quantizer.h"

namespace speclab {

// How much memory all parts take; a taker for take_parts.
class WeightCounter {
 public:
  explicit WeightCounter(CudaPrecision precision) : precision_(precision) {}
  DeviceMatrix table(const std::string&, int vocab, int hidden) { return add(vocab, hidden, false); }
  DeviceMatrix tied(const DeviceMatrix& table, int vocab, int hidden);
  DeviceMatrix matrix(const std::string&, int outputs, int inputs);
  const float* vector(const std::string&, int length);

  std::size_t matrix_bytes() const { return matrices_; }
  std::size_t floats() const { return floats_; }

 private:
  DeviceMatrix add(int outputs, int inputs, bool int8);
  CudaPrecision precision_;
  std::size_t matrices_ = 0, floats_ = 0;
};

// Puts parts into one piece of memory, one after another: matrices first, then vectors and scales.
class WeightWriter {
 public:
  using Rows = RowQuantizer::Rows;  // of `dtype`

  WeightWriter(const LlamaConfig& config, CudaPrecision precision, Stream& stream);

  void set_dtype(Dtype dtype) { dtype_ = dtype; }
  DeviceMatrix table(int vocab, int hidden, const Rows& rows) { return write(vocab, hidden, false, rows); }
  DeviceMatrix matrix(int outputs, int inputs, const Rows& rows) {
    return write(outputs, inputs, precision_ == CudaPrecision::int8, rows);
  }
  DeviceMatrix tied(const DeviceMatrix& table, int vocab, int hidden);
  const float* vector(std::span<const float> values);
  Memory finish();  // waits

 private:
  DeviceMatrix write(int outputs, int inputs, bool int8, const Rows& rows);

  CudaPrecision precision_;
  Dtype dtype_ = Dtype::bf16;
  Stream& stream_;
  Memory memory_;
  std::byte* next_matrix_;
  float* next_float_;
  RowQuantizer quantizer_;
};

}  // namespace speclab
