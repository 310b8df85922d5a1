#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "core/random/mix64.h"
#include "kernels/cuda/row_sum.h"
#include "kernels/cuda/warp.h"

namespace speclab {

// What a block makes of a row of weights (double) in global memory, with the bits of the host's code in
// core/numerics/softmax.h and core/numerics/weighted_choice.h. Files that include this are compiled without
// contraction: see CMakeLists.txt. All functions but `reach` and `choose` are called by a whole block and end
// with a barrier.

constexpr int kFan = 64;  // weights whose sum is looked at before they are; and such blocks before those
constexpr int kMaxWeights = kFan * kFan * kFan;

constexpr int parts_of(int count) { return (count + kFan - 1) / kFan; }

// Of shared memory, for any of these functions on rows of so many weights.
constexpr std::size_t row_weights_bytes(int cols) {
  const int blocks = parts_of(cols), sums = blocks + parts_of(blocks);
  return static_cast<std::size_t>(sums > kRowThreads ? sums : kRowThreads) * sizeof(double);
}

// Sums of 64 weights each, and of 64 such sums each: what choices from a row start from.
struct ChoiceSums {
  const double* row;
  int cols;
  double *blocks, *groups;  // in shared memory
};

// Sums of up to 64 neighbours, eight threads each; in the order of ordered_sum.
__device__ inline void sum_parts(const double* values, int count, double* sums) {
  const int lane = static_cast<int>(threadIdx.x) % 8, at_once = kRowThreads / 8;
  for (int first = 0; first < parts_of(count); first += at_once) {  // warps stay together
    const int part = first + static_cast<int>(threadIdx.x) / 8;
    double sum = 0;
#pragma unroll
    for (int i = 0; i < kFan / 8; ++i) {
      const int at = part * kFan + 8 * i + lane;
      sum += at < count ? values[at] : 0.0;
    }
    sum = sum_of_eight(sum);
    if (lane == 0 && part < parts_of(count)) sums[part] = sum;
  }
  __syncthreads();
}

__device__ inline ChoiceSums choice_sums(const double* row, int cols, double* shared) {
  const int blocks = parts_of(cols);
  const ChoiceSums of{row, cols, shared, shared + blocks};
  sum_parts(row, cols, of.blocks);
  sum_parts(of.blocks, blocks, of.groups);
  return of;
}

// Where the running sum of values passes `left`, which becomes what is left there; the last positive one if
// rounding leaves a remainder.
__device__ inline int reach(const double* values, int begin, int end, double& left) {
  constexpr int kAtOnce = 8;  // loads that wait together
  int last = begin;
  for (; begin < end; begin += kAtOnce) {
    double here[kAtOnce];
#pragma unroll
    for (int i = 0; i < kAtOnce; ++i) here[i] = begin + i < end ? values[begin + i] : 0.0;
#pragma unroll
    for (int i = 0; i < kAtOnce; ++i) {
      if (here[i] <= 0) continue;
      last = begin + i;
      if (left < here[i]) return last;
      left -= here[i];
    }
  }
  return last;
}

// One thread's choice; -1 where the weights do not add up to a positive number.
__device__ inline int choose(const ChoiceSums& of, double u) {
  const int blocks = parts_of(of.cols), groups = parts_of(blocks);
  double total = 0;
  for (int g = 0; g < groups; ++g) total += of.groups[g];
  if (!(total > 0) || !isfinite(total)) return -1;
  double left = u * total;
  const int g = groups == 1 ? 0 : reach(of.groups, 0, groups, left);
  const int b = blocks == 1 ? 0 : reach(of.blocks, g * kFan, min((g + 1) * kFan, blocks), left);
  return reach(of.row, b * kFan, min((b + 1) * kFan, of.cols), left);
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

// p becomes norm(max(share p - q, 0)), as subtract of core/numerics/softmax.h.
__device__ inline double block_subtract(double* p, const double* q, double share, int cols, double* shared) {
  return block_scale_to_one(p, cols, shared, [&](int i) {
    const double rest = share * p[i] - q[i];
    return rest > 0 ? rest : 0.0;
  });
}

// `to` becomes `from` without a token, scaled to one, as take_out of core/numerics/softmax.h; but where
// nothing is left, `to` stays as it is.
__device__ inline double block_take_out(double* to, const double* from, int token, int cols, double* shared) {
  return block_scale_to_one(to, cols, shared, [&](int i) { return i == token ? 0.0 : from[i]; });
}

}  // namespace speclab
