#include "kernels/cuda/launch.h"
#include "kernels/cuda/number_conversion.h"
#include "kernels/cuda/shared_memory.h"
#include "kernels/cuda/warp.h"
#include "kernels/cuda/weight_values.h"
#include "kernels/llama/random_values.h"

namespace speclab {
namespace {

constexpr int kThreads = 256;

__device__ inline Bf16 stored(float value, Bf16) { return number_of<Bf16>(value); }
__device__ inline F16 stored(float value, F16) {
  return number_of<F16>(fabsf(value) < 0x1p-14f ? copysignf(0.0f, value) : value);
}

template <class T>
__global__ void __launch_bounds__(kThreads) fill_random_kernel(RandomRows<T> task) {
  const int width = padded8(task.inputs);
  const std::uint64_t row = blockIdx.x;
  for (int i = static_cast<int>(threadIdx.x); i < width; i += kThreads) {
    const std::uint64_t number = task.first + row * static_cast<std::uint64_t>(task.inputs) + i;
    const float value = i < task.inputs ? random_value(task.key, number) * task.scale : 0.0f;
    task.to[row * width + i] = stored(value, T{});
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads) quantize_kernel(QuantizeRows<T> task) {
  const std::size_t row = blockIdx.x;
  const T* from = task.from + row * padded8(task.inputs);
  float most = 0;
  for (int i = static_cast<int>(threadIdx.x); i < task.inputs; i += kThreads) {
    most = fmaxf(most, fabsf(to_float(from[i])));
  }
  most = block_reduce(most, &shared_as<float>(), Largest{});
  const float scale = most / 127.0f;
  const int width = padded16(task.inputs);
  for (int i = static_cast<int>(threadIdx.x); i < width; i += kThreads) {
    const float value = i < task.inputs && scale > 0 ? rintf(to_float(from[i]) / scale) : 0.0f;
    task.to[row * width + i] = static_cast<std::int8_t>(fminf(fmaxf(value, -127.0f), 127.0f));
  }
  if (threadIdx.x == 0) task.scales[row] = scale;
}

}  // namespace

template <class T>
void fill_random(const RandomRows<T>& task, Stream& stream) {
  launch("fill_random", fill_random_kernel<T>, {task.rows, kThreads}, stream, task);
}
template void fill_random(const RandomRows<Bf16>&, Stream&);
template void fill_random(const RandomRows<F16>&, Stream&);

template <class T>
void quantize(const QuantizeRows<T>& task, Stream& stream) {
  launch("quantize", quantize_kernel<T>, {task.rows, kThreads, kThreads / kWarp * sizeof(float)}, stream,
         task);
}
template void quantize(const QuantizeRows<Bf16>&, Stream&);
template void quantize(const QuantizeRows<F16>&, Stream&);

}  // namespace speclab
