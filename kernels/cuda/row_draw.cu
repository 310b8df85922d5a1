#include "core/mix64.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_draw.h"
#include "kernels/cuda/row_sum.h"
#include "kernels/cuda/shared_memory.h"

// Compiled without contraction, as the host's code: see CMakeLists.txt.

namespace speclab {
namespace {

constexpr int kBlock = 64;  // tokens whose sum is looked at before they are, as in weighted_choice

__global__ void gather_kernel(RowGather task) {
  const int i = static_cast<int>(blockIdx.x * kRowThreads + threadIdx.x);
  if (i < task.count) task.probabilities[i] = task.rows[i][task.tokens[i]];
}

__device__ double block_sum(const double* row, int count) {
  double lanes[8] = {};
  for (int i = 0; i < count; ++i) lanes[i % 8] += row[i];
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

__device__ int choose(const double* row, int cols, const double* sums, int blocks, double u) {
  double total = 0;
  for (int b = 0; b < blocks; ++b) total += sums[b];
  if (!(total > 0) || !isfinite(total)) return -1;
  double left = u * total;
  int begin = -1;
  for (int b = 0; b < blocks; ++b) {
    if (sums[b] <= 0) continue;
    begin = b * kBlock;
    if (left < sums[b]) break;
    left -= sums[b];
  }
  int last = -1;
  for (int i = begin; i < min(begin + kBlock, cols); ++i) {
    if (row[i] <= 0) continue;
    last = i;
    left -= row[i];
    if (left < 0) break;
  }
  return last;
}

__global__ void __launch_bounds__(kRowThreads) draw_kernel(RowDraws task) {
  const RowDraw draw = task.draws[blockIdx.x];
  double* sums = &shared_as<double>();
  const int blocks = (task.cols + kBlock - 1) / kBlock;
  for (int b = static_cast<int>(threadIdx.x); b < blocks; b += kRowThreads) {
    sums[b] = block_sum(draw.row + b * kBlock, min(kBlock, task.cols - b * kBlock));
  }
  __syncthreads();
  if (threadIdx.x != 0) return;
  task.tokens[blockIdx.x] =
      choose(draw.row, task.cols, sums, blocks, counter_uniform(draw.key, draw.decision));
}

__global__ void __launch_bounds__(kRowThreads) subtract_kernel(RowSubtracts task) {
  const RowSubtract question = task.questions[blockIdx.x];
  const auto rest = [&](int i) {
    const double value = question.share * question.p[i] - question.q[i];
    return value > 0 ? value : 0.0;
  };
  const double left = ordered_row_sum(task.cols, &shared_as<double>(), rest);
  if (threadIdx.x == 0) task.left[blockIdx.x] = left > 0 ? left : 0.0;
  if (!(left > 0)) return;
  const double factor = 1 / left;
  for (int i = static_cast<int>(threadIdx.x); i < task.cols; i += kRowThreads)
    question.p[i] = rest(i) * factor;
}

__global__ void __launch_bounds__(kRowThreads) take_out_kernel(RowTakeOuts task) {
  const RowTakeOut question = task.questions[blockIdx.x];
  const auto value = [&](int i) { return i == question.token ? 0.0 : question.p[i]; };
  const double left = ordered_row_sum(task.cols, &shared_as<double>(), value);
  if (threadIdx.x == 0) task.left[blockIdx.x] = left > 0 ? left : 0.0;
  const double factor = left > 0 ? 1 / left : 1.0;
  for (int i = static_cast<int>(threadIdx.x); i < task.cols; i += kRowThreads)
    question.p[i] = value(i) * factor;
}

constexpr std::size_t kSumBytes = (kStaged + 8) * sizeof(double);

}  // namespace

void row_gather(const RowGather& task, Stream& stream) {
  if (task.count == 0) return;
  launch("row_gather", gather_kernel, {ceil_div(task.count, kRowThreads), kRowThreads}, stream, task);
}

void row_draws(const RowDraws& task, Stream& stream) {
  if (task.count == 0) return;
  require(task.cols <= RowDraws::kMostCols, "row_draws", "cols <= 2^18");
  launch("row_draws", draw_kernel, {task.count, kRowThreads, ceil_div(task.cols, kBlock) * sizeof(double)},
         stream, task);
}

void row_subtract(const RowSubtracts& task, Stream& stream) {
  if (task.count == 0) return;
  launch("row_subtract", subtract_kernel, {task.count, kRowThreads, kSumBytes}, stream, task);
}

void row_take_out(const RowTakeOuts& task, Stream& stream) {
  if (task.count == 0) return;
  launch("row_take_out", take_out_kernel, {task.count, kRowThreads, kSumBytes}, stream, task);
}

}  // namespace speclab
