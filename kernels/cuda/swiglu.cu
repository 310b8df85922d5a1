#include "kernels/cuda/launch.h"
#include "kernels/cuda/number_conversion.h"
#include "kernels/cuda/silu.h"
#include "kernels/cuda/swiglu.h"

namespace speclab {
namespace {

constexpr int kThreads = 256;

template <class T>
__global__ void swiglu_kernel(Swiglu<T> task) {
  const int padded = padded16(task.width);
  const int i = static_cast<int>(blockIdx.x * kThreads + threadIdx.x);
  if (i >= padded) return;
  const std::size_t row = blockIdx.y;
  const float* y = task.y + row * 2 * task.width;
  const float value = i < task.width ? silu(y[i]) * y[task.width + i] : 0.0f;
  task.out[row * padded + i] = number_of<T>(value);
}

}  // namespace

template <class T>
void swiglu(const Swiglu<T>& task, Stream& stream) {
  if (task.rows == 0) return;
  launch("swiglu", swiglu_kernel<T>, {dim3(ceil_div(padded16(task.width), kThreads), task.rows), kThreads},
         stream, task);
}

template void swiglu(const Swiglu<Bf16>&, Stream&);
template void swiglu(const Swiglu<F16>&, Stream&);

}  // namespace speclab
