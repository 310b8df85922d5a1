#include "kernels/cuda/head_kernels.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/number_conversion.h"
#include "kernels/cuda/silu.h"

namespace speclab {
namespace {

constexpr int kThreads = 256;

template <class T, class E>
__global__ void __launch_bounds__(kThreads) head_input_kernel(HeadInput<T, E> task) {
  const std::size_t row = blockIdx.x;
  const float* features = task.features[row];
  const std::int32_t* tokens = task.tokens + row * task.token_stride;
  const int embedded = task.tokens_each * task.hidden, length = task.width + embedded;
  const int features_at = task.embeddings_first ? embedded : 0;
  T* out = task.out + row * padded16(length);
  for (int i = static_cast<int>(threadIdx.x); i < padded16(length); i += kThreads) {
    float value = 0;
    const int feature = i - features_at, of_tokens = task.embeddings_first ? i : i - task.width;
    if (feature >= 0 && feature < task.width) {
      value = features ? features[feature] : 0.0f;
      if (task.exact) task.exact[row * task.width + feature] = value;
    } else if (i < length) {
      const std::size_t token = static_cast<std::size_t>(tokens[of_tokens / task.hidden]);
      value = to_float(task.table[token * padded8(task.hidden) + of_tokens % task.hidden]);
    }
    out[i] = number_of<T>(value);
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads) head_block_kernel(HeadBlock<T> task) {
  const std::size_t row = blockIdx.x;
  const int width = padded16(task.hidden);
  for (int i = static_cast<int>(threadIdx.x); i < width; i += kThreads) {
    float x = 0;
    if (i < task.hidden) {
      const std::size_t at = row * task.hidden + i;
      const float base = task.base[at] + (task.base_bias ? task.base_bias[i] : 0.0f);
      x = base + silu(task.y[at] + (task.bias ? task.bias[i] : 0.0f));
      task.out[at] = x;
    }
    task.rounded[row * width + i] = number_of<T>(x);
  }
}

__global__ void __launch_bounds__(kThreads) add_bias_kernel(AddBias task) {
  float* out = task.out + static_cast<std::size_t>(blockIdx.x) * task.width;
  for (int i = static_cast<int>(threadIdx.x); i < task.width; i += kThreads) out[i] += task.bias[i];
}

__global__ void __launch_bounds__(kThreads) move_rows_kernel(MoveRows task) {
  const std::size_t at = static_cast<std::size_t>(blockIdx.x) * task.width;
  const float* from = task.from ? task.from[blockIdx.x] : task.from_base + at;
  float* to = task.to ? task.to[blockIdx.x] : task.to_base + at;
  if (!to) return;
  for (int i = static_cast<int>(threadIdx.x); i < task.width; i += kThreads) to[i] = from[i];
}

__global__ void __launch_bounds__(kThreads) spread_logits_kernel(SpreadLogits task) {
  const std::size_t row = blockIdx.x;
  float* logits = task.logits + row * task.vocab;
  for (int i = static_cast<int>(threadIdx.x); i < task.vocab; i += kThreads) logits[i] = -INFINITY;
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < task.count; i += kThreads)
    logits[task.token[i]] = task.known[row * task.count + i];
}

}  // namespace

template <class T, class E>
void head_input(const HeadInput<T, E>& task, Stream& stream) {
  if (task.rows == 0) return;
  launch("head_input", head_input_kernel<T, E>, {task.rows, kThreads}, stream, task);
}

template void head_input(const HeadInput<Bf16, Bf16>&, Stream&);
template void head_input(const HeadInput<Bf16, F16>&, Stream&);
template void head_input(const HeadInput<F16, Bf16>&, Stream&);
template void head_input(const HeadInput<F16, F16>&, Stream&);

template <class T>
void head_block(const HeadBlock<T>& task, Stream& stream) {
  if (task.rows == 0) return;
  launch("head_block", head_block_kernel<T>, {task.rows, kThreads}, stream, task);
}

template void head_block(const HeadBlock<Bf16>&, Stream&);
template void head_block(const HeadBlock<F16>&, Stream&);

void add_bias(const AddBias& task, Stream& stream) {
  if (task.rows == 0) return;
  launch("add_bias", add_bias_kernel, {task.rows, kThreads}, stream, task);
}

void move_rows(const MoveRows& task, Stream& stream) {
  if (task.rows == 0) return;
  launch("move_rows", move_rows_kernel, {task.rows, kThreads}, stream, task);
}

void spread_logits(const SpreadLogits& task, Stream& stream) {
  if (task.rows == 0) return;
  launch("spread_logits", spread_logits_kernel, {task.rows, kThreads}, stream, task);
}

}  // namespace speclab
