#include "kernels/cuda/finite_rows.h"
#include "kernels/cuda/launch.h"

namespace speclab {
namespace {

constexpr int kThreads = 256;

__global__ void finite_rows_kernel(FiniteRows task) {
  const int row = static_cast<int>(blockIdx.x);
  const float* x = task.x + static_cast<std::size_t>(row) * task.width;
  bool sound = true;
  for (int i = static_cast<int>(threadIdx.x); i < task.width; i += kThreads) sound = sound && isfinite(x[i]);
  if (!sound) atomicMin(task.not_finite, row);
}

}  // namespace

void check_finite(const FiniteRows& task, Stream& stream) {
  if (task.rows > 0) launch("finite_rows", finite_rows_kernel, {task.rows, kThreads}, stream, task);
}

}  // namespace speclab
