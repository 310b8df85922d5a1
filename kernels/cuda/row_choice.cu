#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_choice.h"
#include "kernels/cuda/row_order.h"
#include "kernels/cuda/shared_memory.h"
#include "kernels/cuda/warp.h"

namespace speclab {
namespace {

constexpr int kRowWarps = kRowThreads / kWarp;

struct ArgmaxMemory {
  std::uint64_t keys[kRowWarps];
  int counts[kRowWarps];
};

__global__ void __launch_bounds__(kRowThreads) argmax_kernel(RowArgmax task) {
  const float* logits = task.logits[blockIdx.x];
  ArgmaxMemory& memory = shared_as<ArgmaxMemory>();
  std::uint64_t best = 0;
  int not_finite = 0;
  for (int i = static_cast<int>(threadIdx.x); i < task.cols; i += kRowThreads) {
    const float logit = logits[i];
    not_finite += isfinite(logit) ? 0 : 1;
    if (logit == logit) best = Largest{}(best, likelihood_key(logit, i));
  }
  best = block_reduce(best, memory.keys, Largest{});
  not_finite = block_reduce(not_finite, memory.counts, Sum{});
  if (threadIdx.x != 0) return;
  task.tokens[blockIdx.x] = best == 0 ? -1 : index_of_key(best);
  if (task.not_finite) task.not_finite[blockIdx.x] = not_finite;
}

struct LikeliestMemory {
  SelectMemory select;
  int found;
  std::uint64_t keys[RowLikeliest::kMax];
};

__global__ void __launch_bounds__(kRowThreads) likeliest_kernel(RowLikeliest task) {
  const float* logits = task.logits[blockIdx.x];
  LikeliestMemory& memory = shared_as<LikeliestMemory>();
  const int thread = static_cast<int>(threadIdx.x), sorted = power_of_two_above(task.most);
  const auto key = [&](int i) { return likelihood_key(logits[i], i); };
  const std::uint64_t bound = bound_of_greatest(task.cols, task.most, memory.select, key);
  if (thread == 0) memory.found = 0;
  for (int i = thread; i < sorted; i += kRowThreads) memory.keys[i] = 0;
  __syncthreads();
  for (int i = thread; i < task.cols; i += kRowThreads) {
    if (key(i) >= bound) memory.keys[atomicAdd(&memory.found, 1)] = key(i);
  }
  __syncthreads();
  block_sort(memory.keys, sorted, [](std::uint64_t a, std::uint64_t b) { return a > b; });
  std::int32_t* tokens = task.tokens + static_cast<std::size_t>(blockIdx.x) * task.most;
  for (int i = thread; i < task.most; i += kRowThreads) tokens[i] = index_of_key(memory.keys[i]);
}

__global__ void __launch_bounds__(kRowThreads) statistics_kernel(RowStatisticsTask task) {
  const float* logits = task.logits[blockIdx.x];
  double* scratch = &shared_as<double>();
  double largest = -INFINITY, sum = 0, weighted = 0;
  for (int i = static_cast<int>(threadIdx.x); i < task.cols; i += kRowThreads) {
    largest = Largest{}(largest, static_cast<double>(logits[i]));
  }
  largest = block_reduce(largest, scratch, Largest{});
  for (int i = static_cast<int>(threadIdx.x); i < task.cols; i += kRowThreads) {
    const double below = logits[i] - largest;
    const double weight = exp(below);
    sum += weight;
    weighted += weight > 0 ? weight * below : 0.0;
  }
  sum = block_reduce(sum, scratch, Sum{});
  weighted = block_reduce(weighted, scratch, Sum{});
  if (threadIdx.x == 0)
    task.statistics[blockIdx.x] = {largest, largest + log(sum), log(sum) - weighted / sum};
}

}  // namespace

void row_argmax(const RowArgmax& task, Stream& stream) {
  if (task.rows == 0) return;
  launch("row_argmax", argmax_kernel, {task.rows, kRowThreads, sizeof(ArgmaxMemory)}, stream, task);
}

void row_likeliest(const RowLikeliest& task, Stream& stream) {
  if (task.rows == 0) return;
  require(task.most >= 1 && task.most <= RowLikeliest::kMax && task.most <= task.cols, "row_likeliest",
          "most is 1 to min(cols, 1024)");
  launch("row_likeliest", likeliest_kernel, {task.rows, kRowThreads, sizeof(LikeliestMemory)}, stream, task);
}

void row_statistics(const RowStatisticsTask& task, Stream& stream) {
  if (task.rows == 0) return;
  launch("row_statistics", statistics_kernel, {task.rows, kRowThreads, kRowWarps * sizeof(double)}, stream,
         task);
}

}  // namespace speclab
