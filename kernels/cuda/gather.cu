#include "kernels/cuda/gather.h"
#include "kernels/cuda/launch.h"

namespace speclab {
namespace {

constexpr int kThreads = 128;

__global__ void gather_kernel(Gather task) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < task.count) task.numbers[i] = *task.places[i];
}

}  // namespace

void gather_numbers(const Gather& task, Stream& stream) {
  if (task.count == 0) return;
  launch("gather_numbers", gather_kernel, {ceil_div(task.count, kThreads), kThreads}, stream, task);
}

}  // namespace speclab
