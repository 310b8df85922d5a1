#pragma once

#include <cstdint>

#include "kernels/cuda/runtime.h"

namespace speclab {

// Tokens of a row of probabilities (double, as on the host), one block a row, by the decisions of a source
// (see CounterChance), with the bits of HostDistributions.
struct RowDraw {
  const double* row = nullptr;  // (cols)
  double* rest = nullptr;       // (cols), work space where drawn tokens are not put back; null: they are
  std::uint64_t key = 0;        // of the source
  std::uint64_t taken = 0;      // decisions of it before this launch
  int count = 1;
  int previous = -1;  // the last question before this one that draws from the same source
  int first = 0;      // of its tokens, in `tokens`
};

struct RowDraws {
  const RowDraw* draws = nullptr;  // (questions), in device memory
  // (of all questions); -1 where a row does not add up to a positive number
  std::int32_t* tokens = nullptr;
  int* drawn = nullptr;  // (questions): how many tokens a question got; without putting back, a row may hold
                         // fewer than were asked for
  int questions = 0, cols = 0;
};
void row_draws(const RowDraws& task, Stream& stream);

}  // namespace speclab
