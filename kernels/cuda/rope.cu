#include "kernels/cuda/cache_address.h"
#include "kernels/cuda/early_start.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/number_conversion.h"
#include "kernels/cuda/rope.h"
#include "kernels/cuda/warp.h"

namespace speclab {
namespace {

constexpr int kWarps = 4;
constexpr int kTableThreads = 128;

// A warp takes one head of one row.
template <class T>
__global__ void __launch_bounds__(kWarps* kWarp) rope_and_store_kernel(RopeAndStore<T> task) {
  follow_previous();
  const PagedCache<T>& cache = task.cache;
  const int d = cache.head_dim, width = padded8(d), half = d / 2,
            lane = static_cast<int>(threadIdx.x) % kWarp;
  const int head = static_cast<int>(blockIdx.y) * kWarps + static_cast<int>(threadIdx.x) / kWarp;
  const int all_heads = task.heads + 2 * cache.kv_heads;
  if (head >= all_heads) return;
  const int row = static_cast<int>(blockIdx.x);
  const RowPlace place = task.places[row];
  const float* x = task.qkv + (static_cast<std::size_t>(row) * all_heads + head) * d;
  const float* bias = task.bias ? task.bias + static_cast<std::size_t>(head) * d : nullptr;
  const auto value = [&](int i) { return bias ? x[i] + bias[i] : x[i]; };

  const bool query = head < task.heads;
  const int kv_head = query ? 0 : (head - task.heads) % cache.kv_heads;
  const std::size_t cached = query ? 0 : cache_at(cache, place.sequence, place.slot, kv_head);
  if (head >= task.heads + cache.kv_heads) {
    for (int i = lane; i < d; i += kWarp) cache.values[cached + i] = number_of<T>(value(i));
    for (int i = d + lane; i < width; i += kWarp) cache.values[cached + i] = T{};
    return;
  }
  const float* norm = query ? task.query_norm : task.key_norm;
  float factor = 1;
  if (norm) {
    float squares = 0;
    for (int i = lane; i < d; i += kWarp) squares += value(i) * value(i);
    factor = 1.0f / sqrtf(warp_reduce(squares, Sum{}) / static_cast<float>(d) + task.epsilon);
  }
  const float* turns = task.turns + static_cast<std::size_t>(place.position) * d;
  T* out = query ? task.queries + (static_cast<std::size_t>(row) * task.heads + head) * width
                 : cache.keys + cached;
  for (int i = d + lane; i < width; i += kWarp) out[i] = T{};
  for (int i = lane; i < half; i += kWarp) {
    const float a = value(i) * factor * (norm ? norm[i] : 1.0f);
    const float b = value(i + half) * factor * (norm ? norm[i + half] : 1.0f);
    const float cosine = turns[i], sine = turns[i + half];
    out[i] = number_of<T>(a * cosine - b * sine);
    out[i + half] = number_of<T>(b * cosine + a * sine);
  }
}

__global__ void rope_table_kernel(const double* frequencies, int positions, int half, float* turns) {
  const int i = static_cast<int>(blockIdx.x * kTableThreads + threadIdx.x);
  if (i >= positions * half) return;
  const int position = i / half, element = i % half;
  const double angle = position * frequencies[element];
  float* row = turns + static_cast<std::size_t>(position) * 2 * half;
  row[element] = static_cast<float>(cos(angle));
  row[element + half] = static_cast<float>(sin(angle));
}

}  // namespace

template <class T>
void rope_and_store(const RopeAndStore<T>& task, Stream& stream) {
  if (task.rows == 0) return;
  require(task.cache.head_dim % 2 == 0, "rope_and_store", "head_dim is even");
  launch("rope_and_store", rope_and_store_kernel<T>,
         {dim3(task.rows, ceil_div(task.heads + 2 * task.cache.kv_heads, kWarps)), kWarps * kWarp, 0, true},
         stream, task);
}

template void rope_and_store(const RopeAndStore<Bf16>&, Stream&);
template void rope_and_store(const RopeAndStore<F16>&, Stream&);

void rope_table(const double* frequencies, int positions, int head_dim, float* turns, Stream& stream) {
  const int half = head_dim / 2;
  launch("rope_table", rope_table_kernel, {ceil_div(1LL * positions * half, kTableThreads), kTableThreads},
         stream, frequencies, positions, half, turns);
}

KernelDemand rope_and_store_demand(int rows, int heads, int kv_heads, int head_dim) {
  return {.bytes = 6.0 * rows * (heads + 2 * kv_heads) * head_dim + 4.0 * rows * head_dim};
}

}  // namespace speclab
