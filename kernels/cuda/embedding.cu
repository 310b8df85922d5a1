#include "kernels/cuda/early_start.h"
#include "kernels/cuda/embedding.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/number_conversion.h"

namespace speclab {
namespace {

constexpr int kThreads = 256;

template <class T>
__global__ void embed_kernel(Embedding<T> task) {
  follow_previous();
  const std::size_t row = blockIdx.x;
  const T* from = task.table + static_cast<std::size_t>(task.tokens[row]) * padded8(task.hidden);
  float* to = task.residual + row * task.hidden;
  for (int i = threadIdx.x; i < task.hidden; i += kThreads) to[i] = to_float(from[i]);
}

}  // namespace

template <class T>
void embed(const Embedding<T>& task, Stream& stream) {
  if (task.rows == 0) return;
  launch("embed", embed_kernel<T>, {task.rows, kThreads, 0, true}, stream, task);
}

template void embed(const Embedding<Bf16>&, Stream&);
template void embed(const Embedding<F16>&, Stream&);

}  // namespace speclab
