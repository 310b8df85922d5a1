#include "kernels/cuda/copy_rows.h"
#include "kernels/cuda/launch.h"

namespace speclab {
namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads) copy_rows_kernel(CopyRows task) {
  const std::size_t row = blockIdx.x;
  const float* from = task.from + static_cast<std::size_t>(task.at[row]) * task.width;
  for (int i = static_cast<int>(threadIdx.x); i < task.width; i += kThreads)
    task.to[row * task.stride + i] = from[i];
}

}  // namespace

void copy_rows(const CopyRows& task, Stream& stream) {
  if (task.rows == 0) return;
  launch("copy_rows", copy_rows_kernel, {task.rows, kThreads}, stream, task);
}

}  // namespace speclab
