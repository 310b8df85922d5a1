#pragma once

#include <cstddef>

#include "kernels/cuda/runtime.h"

namespace speclab {

// One row's distribution: what core/numerics/softmax.h makes of logits, with the same bits.
struct RowSoftmax {
  const float* logits = nullptr;    // (cols)
  double* probabilities = nullptr;  // (cols)
  double temperature = 1;
  int top_k = 0;
  double top_p = 1;
};

// A token that may be in the nucleus.
struct Candidate {
  double probability;
  int index;
};

struct RowProbabilities {
  const RowSoftmax* rows = nullptr;  // (count), in device memory
  Candidate* scratch = nullptr;      // (count, candidates_per_row(cols)); null where no row has top_p < 1
  // (count): 1 where a row has NaN or no finite largest logit, 0 elsewhere; may be null. Its probabilities
  // are zero.
  int* wrong = nullptr;
  int count = 0, cols = 0;
};

constexpr std::size_t candidates_per_row(int cols) {  // the power of two that is no less
  std::size_t power = 1;
  while (power < static_cast<std::size_t>(cols)) power *= 2;
  return power;
}
void row_probabilities(const RowProbabilities& task, Stream& stream);

}  // namespace speclab
