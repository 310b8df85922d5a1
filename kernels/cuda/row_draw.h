#pragma once

#include <cstdint>

#include "kernels/cuda/runtime.h"

namespace speclab {

// Questions on rows of probabilities (double, as on the host), one block a row. Arrays are in device memory.

// probabilities(i) = row(tokens(i)).
struct RowGather {
  const double* const* rows = nullptr;   // (count)
  const std::int32_t* tokens = nullptr;  // (count)
  double* probabilities = nullptr;       // (count)
  int count = 0;
};
void row_gather(const RowGather& task, Stream& stream);

// A token of each row, in proportion to its numbers: decision number `decision` of the source `key` (see
// CounterChance) by the inverse of the cumulative sum in the order of the indices, to the bit as
// weighted_choice. -1 where the row does not add up to a positive number.
struct RowDraw {
  const double* row = nullptr;  // (cols)
  std::uint64_t key = 0, decision = 0;
};
struct RowDraws {
  static constexpr int kMostCols = 1 << 18;
  const RowDraw* draws = nullptr;  // (count)
  std::int32_t* tokens = nullptr;  // (count)
  int count = 0, cols = 0;
};
void row_draws(const RowDraws& task, Stream& stream);

// p becomes norm(max(share p - q, 0)), and `left` what there was before scaling; where that is nothing p
// stays. As core/softmax.h's subtract, but added in the order of ordered_sum, so the last bits may differ.
struct RowSubtract {
  double* p = nullptr;  // (cols)
  const double* q = nullptr;
  double share = 1;
};
struct RowSubtracts {
  const RowSubtract* questions = nullptr;  // (count)
  double* left = nullptr;                  // (count)
  int count = 0, cols = 0;
};
void row_subtract(const RowSubtracts& task, Stream& stream);

// A token is taken out of p and the rest scaled to one; `left` is what there was before, and p is zero where
// that is nothing. To the bit as core/softmax.h's take_out.
struct RowTakeOut {
  double* p = nullptr;  // (cols)
  std::int32_t token = 0;
};
struct RowTakeOuts {
  const RowTakeOut* questions = nullptr;  // (count)
  double* left = nullptr;                 // (count)
  int count = 0, cols = 0;
};
void row_take_out(const RowTakeOuts& task, Stream& stream);

}  // namespace speclab
