#include <algorithm>

#include "kernels/cuda/early_start.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/number_conversion.h"
#include "kernels/cuda/rms_norm.h"
#include "kernels/cuda/shared_memory.h"
#include "kernels/cuda/warp.h"

namespace speclab {
namespace {

constexpr int kMaxThreads = 512;

// A function of the width alone, since the order of the sum follows from it.
int threads_for(int hidden) {
  return std::clamp((hidden / 2 + kWarp - 1) / kWarp * kWarp, kWarp, kMaxThreads);
}

template <class T>
__global__ void __launch_bounds__(kMaxThreads) rms_norm_kernel(RmsNorm<T> task) {
  follow_previous();
  const std::size_t row = blockIdx.x;
  const int threads = static_cast<int>(blockDim.x);
  const float* x =
      task.x + static_cast<std::size_t>(task.at ? task.at[row] : static_cast<int>(row)) * task.hidden;
  float factor = 1;
  if (task.weight) {
    float squares = 0;
    for (int i = static_cast<int>(threadIdx.x); i < task.hidden; i += threads) squares += x[i] * x[i];
    const float mean = block_reduce(squares, &shared_as<float>(), Sum{}) / static_cast<float>(task.hidden);
    factor = 1.0f / sqrtf(mean + task.epsilon);
  }
  const int width = padded16(task.hidden);
  const int exact_stride = task.exact_stride > 0 ? task.exact_stride : task.hidden;
  for (int i = static_cast<int>(threadIdx.x); i < width; i += threads) {
    const bool inside = i < task.hidden;
    const float y = inside ? x[i] * factor * (task.weight ? task.weight[i] : 1.0f) : 0.0f;
    if (task.rounded) task.rounded[row * width + i] = number_of<T>(y);
    if (task.exact && inside) task.exact[row * exact_stride + i] = y;
  }
}

}  // namespace

template <class T>
void rms_norm(const RmsNorm<T>& task, Stream& stream) {
  if (task.rows == 0) return;
  const int threads = threads_for(task.hidden);
  launch("rms_norm", rms_norm_kernel<T>, {task.rows, threads, threads / kWarp * sizeof(float), true}, stream,
         task);
}

template void rms_norm(const RmsNorm<Bf16>&, Stream&);
template void rms_norm(const RmsNorm<F16>&, Stream&);

KernelDemand rms_norm_demand(int rows, int hidden, bool exact) {
  return {.bytes = (exact ? 10.0 : 6.0) * rows * hidden + 4.0 * hidden, .flops = 4.0 * rows * hidden};
}

}  // namespace speclab
