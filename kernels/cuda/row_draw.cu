#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_draw.h"
#include "kernels/cuda/row_weights.h"
#include "kernels/cuda/shared_memory.h"

namespace speclab {
namespace {

// How many decisions each question takes, so that all of them can start at once.
__global__ void __launch_bounds__(kRowThreads) count_kernel(RowDraws task) {
  const RowDraw draw = task.draws[blockIdx.x];
  int count = draw.count;
  if (draw.rest) {
    int positive = 0;
    for (int i = static_cast<int>(threadIdx.x); i < task.cols; i += kRowThreads)
      positive += draw.row[i] > 0 ? 1 : 0;
    positive = block_reduce(positive, &shared_as<int>(), Sum{});
    count = min(count, max(positive, 1));
  }
  if (threadIdx.x == 0) task.drawn[blockIdx.x] = count;
}

__global__ void __launch_bounds__(kRowThreads) draw_kernel(RowDraws task) {
  const RowDraw draw = task.draws[blockIdx.x];
  double* shared = &shared_as<double>();
  const int count = task.drawn[blockIdx.x], thread = static_cast<int>(threadIdx.x);
  std::uint64_t decision = draw.taken + 1;
  for (int before = draw.previous; before >= 0; before = task.draws[before].previous)
    decision += static_cast<std::uint64_t>(task.drawn[before]);
  std::int32_t* tokens = task.tokens + draw.first;
  if (!draw.rest) {
    const ChoiceSums of = choice_sums(draw.row, task.cols, shared);
    for (int i = thread; i < count; i += kRowThreads)
      tokens[i] = choose(of, counter_uniform(draw.key, decision + static_cast<std::uint64_t>(i)));
    return;
  }
  const double* from = draw.row;
  for (int i = 0; i < count; ++i, from = draw.rest) {
    const double u = counter_uniform(draw.key, decision + static_cast<std::uint64_t>(i));
    const int token = block_choice(from, task.cols, shared, u);
    if (thread == 0) tokens[i] = token;
    if (i + 1 < count) block_take_out(draw.rest, from, token, task.cols, shared);
  }
}

}  // namespace

void row_draws(const RowDraws& task, Stream& stream) {
  if (task.questions == 0) return;
  require(task.cols <= kMaxWeights, "row_draws", "cols <= 2^18");
  launch("row_draw_count", count_kernel, {task.questions, kRowThreads, kRowThreads / kWarp * sizeof(int)},
         stream, task);
  launch("row_draws", draw_kernel, {task.questions, kRowThreads, row_weights_bytes(task.cols)}, stream, task);
}

}  // namespace speclab
