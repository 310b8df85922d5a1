#pragma once

#include <limits>
#include <optional>

#include "kernels/cuda/many_rows_product.h"
#include "kernels/cuda/matrix_product.h"

namespace speclab {

// A model's products, by whichever kernels suit the number of rows.
class ModelProducts {
 public:
  static constexpr int kNever = std::numeric_limits<int>::max();

  // From `cublas_from` rows on, up to `most_rows`, products with matrices that are not int8 go through
  // cuBLAS, where a row's last bits may depend on how many there are; kNever: a row's bits depend on its
  // numbers alone. `widest_gate`: the most outputs of a Finish::gate.
  ModelProducts(Stream& stream, int cublas_from, int max_rows, int widest_gate);

  int cublas_from() const { return cublas_from_; }

  // The task names no weights and no scales.
  template <class T>
  void multiply(const FewRowsProduct<T>& task, const DeviceMatrix& matrix);

 private:
  template <class T>
  void by_cublas(const FewRowsProduct<T>& task, const T* weights);

  Stream& stream_;
  int cublas_from_;
  std::optional<ManyRowsProduct> cublas_;
  DeviceBuffer<float> gate_and_up_;  // (most_rows, 2 widest_gate)
};

}  // namespace speclab
