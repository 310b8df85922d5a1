#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "core/mix64.h"
#include "kernels/cuda/row_sum.h"
#include "kernels/cuda/warp.h"

namespace speclab {

// What a block makes of a row of weights (double) in global memory, with the bits of the host's code in
// core/softmax.h and core/weighted_choice.h. Files that include this are compiled without contraction: see
// CMakeLists.txt. All functions are called by a whole block and end with a barrier.

constexpr int kChoiceBlock = 64;  // weights whose sum is looked at before they are
constexpr int kMostWeights = 1 << 18;

// Of shared memory, for any of these functions on rows of so many weights.
constexpr std::size_t row_weights_bytes(int cols) {
  const std::size_t sums = static_cast<std::size_t>(cols / kChoiceBlock + 2);
  return (sums > kStaged + 8 ? sums : kStaged + 8) * sizeof(double);
}

// Sums of 64 weights each, and of all of them: what choices from a row start from.
struct ChoiceSums {
  const double* row;
  int cols, blocks;
  double* sums;  // (blocks), in shared memory
};

__device__ inline ChoiceSums choice_sums(const double* row, int cols, double* shared) {
  const ChoiceSums of{row, cols, (cols + kChoiceBlock - 1) / kChoiceBlock, shared};
  const int lane = static_cast<int>(threadIdx.x) % 8, groups = kRowThreads / 8;
  for (int first = 0; first < of.blocks; first += groups) {  // eight threads a block; warps stay together
    const int block = first + static_cast<int>(threadIdx.x) / 8;
    double sum = 0;
    for (int i = block * kChoiceBlock + lane; i < min((block + 1) * kChoiceBlock, cols); i += 8)
      sum += row[i];
    for (int lanes = 4; lanes > 0; lanes /= 2) sum += __shfl_xor_sync(kAllLanes, sum, lanes);
    if (lane == 0 && block < of.blocks) of.sums[block] = sum;
  }
  __syncthreads();
  return of;
}

// One thread's choice; -1 where the weights do not add up to a positive number.
__device__ inline int choose(const ChoiceSums& of, double u) {
  double total = 0;
  for (int b = 0; b < of.blocks; ++b) total += of.sums[b];
  if (!(total > 0) || !isfinite(total)) return -1;
  double left = u * total;
  int begin = -1;
  for (int b = 0; b < of.blocks; ++b) {
    if (of.sums[b] <= 0) continue;
    begin = b * kChoiceBlock;
    if (left < of.sums[b]) break;
    left -= of.sums[b];
  }
  int last = -1;
  for (int i = begin; i < min(begin + kChoiceBlock, of.cols); ++i) {
    if (of.row[i] <= 0) continue;
    last = i;
    left -= of.row[i];
    if (left < 0) break;
  }
  return last;
}

// A token in proportion to the row's weights, known to all threads; -1 as above.
__device__ inline int block_choice(const double* row, int cols, double* shared, double u) {
  const ChoiceSums of = choice_sums(row, cols, shared);
  int token = threadIdx.x == 0 ? choose(of, u) : 0;
  __syncthreads();
  int& chosen = reinterpret_cast<int&>(*shared);
  if (threadIdx.x == 0) chosen = token;
  __syncthreads();
  token = chosen;
  __syncthreads();
  return token;
}

// to(i) = value(i) scaled to add up to one. The result is the sum before scaling; where that is nothing, `to`
// stays as it is. `value` may read what `to` had at the same place.
template <class Value>
__device__ double block_scale_to_one(double* to, int cols, double* shared, const Value& value) {
  const double left = ordered_row_sum(cols, shared, value);
  if (!(left > 0)) return 0;
  const double factor = 1 / left;
  for (int i = static_cast<int>(threadIdx.x); i < cols; i += kRowThreads) to[i] = value(i) * factor;
  __syncthreads();
  return left;
}

// p becomes norm(max(p - q, 0)), as subtract of core/softmax.h.
__device__ inline double block_subtract(double* p, const double* q, int cols, double* shared) {
  return block_scale_to_one(p, cols, shared, [&](int i) {
    const double rest = p[i] - q[i];
    return rest > 0 ? rest : 0.0;
  });
}

// `to` becomes `from` without a token, scaled to one, as take_out of core/softmax.h; but where nothing is
// left, `to` stays as it is.
__device__ inline double block_take_out(double* to, const double* from, int token, int cols, double* shared) {
  return block_scale_to_one(to, cols, shared, [&](int i) { return i == token ? 0.0 : from[i]; });
}

}  // namespace speclab
