#pragma once

#include <algorithm>

#include "kernels/cuda/cuda_weights.h"
#include "kernels/cuda/few_rows_product.h"

namespace speclab {

// The product with a matrix of a model, however it is stored, of any number of rows, so many at a time as
// FewRowsProduct takes: a row's bits do not depend on how many there are. The task names no weights and no
// scales.
template <class T>
void multiply(const FewRowsProduct<T>& task, const DeviceMatrix& matrix, Stream& stream) {
  const std::size_t number = task.finish == Finish::gate ? sizeof(T) : sizeof(float);
  const auto with = [&]<class W>(const W* weights) {
    FewRowsProduct<T, W> piece{.weights = weights,
                               .scales = matrix.scales,
                               .inputs = task.inputs,
                               .outputs = task.outputs,
                               .stride = task.stride,
                               .finish = task.finish,
                               .not_finite = task.not_finite};
    for (int first = 0; first < task.rows; first += piece.kMaxRows) {
      const auto before = static_cast<std::size_t>(first);
      piece.x = task.x + before * static_cast<std::size_t>(padded16(task.inputs));
      piece.out = static_cast<std::byte*>(task.out) + before * static_cast<std::size_t>(task.stride) * number;
      piece.rows = std::min(piece.kMaxRows, task.rows - first);
      piece.first_row = first;
      multiply<T, W>(piece, stream);
    }
  };
  if (matrix.scales) {
    with(static_cast<const std::int8_t*>(matrix.data));
  } else {
    with(static_cast<const T*>(matrix.data));
  }
}

}  // namespace speclab
