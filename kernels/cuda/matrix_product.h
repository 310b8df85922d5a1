#pragma once

#include "kernels/cuda/cuda_weights.h"
#include "kernels/cuda/few_rows_product.h"

namespace speclab {

// The product with a matrix of a model, however it is stored. The task names no weights and no scales.
template <class T>
void multiply(const FewRowsProduct<T>& task, const DeviceMatrix& matrix, Stream& stream) {
  const auto with = [&]<class W>(const W* weights) {
    multiply<T, W>({.weights = weights,
                    .scales = matrix.scales,
                    .x = task.x,
                    .out = task.out,
                    .rows = task.rows,
                    .inputs = task.inputs,
                    .outputs = task.outputs,
                    .stride = task.stride,
                    .finish = task.finish,
                    .not_finite = task.not_finite},
                   stream);
  };
  if (matrix.scales) {
    with(static_cast<const std::int8_t*>(matrix.data));
  } else {
    with(static_cast<const T*>(matrix.data));
  }
}

}  // namespace speclab
