#pragma once

#include <cstdint>

#include "kernels/cuda/kernel_demand.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

// What is asked of rows of logits: one block a row. `logits` is an array of row pointers in device memory.

// The likeliest token of each row, of equals the lowest. NaNs do not count; a row with nothing else has -1.
struct RowArgmax {
  const float* const* logits = nullptr;  // (rows), each (cols)
  std::int32_t* tokens = nullptr;        // (rows)
  int* not_finite = nullptr;             // (rows): how many logits are NaN or infinite; may be null
  int rows = 0, cols = 0;
};
void row_argmax(const RowArgmax& task, Stream& stream);

// The `most` likeliest tokens of each row, likeliest first, of equals the lowest.
struct RowLikeliest {
  static constexpr int kMax = 1024;
  const float* const* logits = nullptr;  // (rows), each (cols); no NaN
  std::int32_t* tokens = nullptr;        // (rows, most)
  int rows = 0, cols = 0, most = 0;      // most: 1 .. min(cols, kMost)
};
void row_likeliest(const RowLikeliest& task, Stream& stream);

// Of the softmax at temperature 1, sums in double.
struct RowStatistics {
  double largest = 0;      // logit
  double log_sum_exp = 0;  // log of the sum of exp(logit)
  double entropy = 0;      // in nats
};
struct RowStatisticsTask {
  const float* const* logits = nullptr;  // (rows), each (cols); no NaN
  RowStatistics* statistics = nullptr;   // (rows)
  int rows = 0, cols = 0;
};
void row_statistics(const RowStatisticsTask& task, Stream& stream);

inline KernelDemand row_demand(int rows, int cols) {
  return {.bytes = 4.0 * rows * cols};
}  // each logit once

}  // namespace speclab
