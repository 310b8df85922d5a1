#include "kernels/cuda/cache_address.h"
#include "kernels/cuda/cache_keep.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/number_conversion.h"
#include "kernels/cuda/warp.h"

namespace speclab {
namespace {

constexpr int kAhead = 4;  // moves that are read before the first of them is written

// A warp takes a path, a layer and a key head.
template <class T>
__global__ void keep_kernel(CacheKeep<T> task) {
  const KeptSlots path = task.paths[blockIdx.x];
  const int kv_head = static_cast<int>(blockIdx.y) % task.first_layer.kv_heads;
  const long long layer = task.layer_stride * (blockIdx.y / task.first_layer.kv_heads);
  const int loads = padded8(task.first_layer.head_dim) / kPerLoad;
  for (int i = static_cast<int>(threadIdx.x); i < 2 * loads; i += kWarp) {
    T* plane = (i < loads ? task.first_layer.keys : task.first_layer.values) + layer + i % loads * kPerLoad;
    for (int first = 0; first < path.count; first += kAhead) {
      uint4 read[kAhead];
#pragma unroll
      for (int a = 0; a < kAhead; ++a) {
        if (first + a >= path.count) break;
        const int slot = task.from[path.begin + first + a];
        read[a] = load16(plane + cache_at(task.first_layer, path.sequence, slot, kv_head));
      }
#pragma unroll
      for (int a = 0; a < kAhead; ++a) {
        if (first + a >= path.count) break;
        T* to = plane + cache_at(task.first_layer, path.sequence, path.to + first + a, kv_head);
        *reinterpret_cast<uint4*>(to) = read[a];
      }
    }
  }
}

}  // namespace

template <class T>
void keep_in_cache(const CacheKeep<T>& task, Stream& stream) {
  if (task.path_count == 0) return;
  launch("keep_in_cache", keep_kernel<T>,
         {dim3(task.path_count, task.layers * task.first_layer.kv_heads), kWarp}, stream, task);
}

template void keep_in_cache(const CacheKeep<Bf16>&, Stream&);
template void keep_in_cache(const CacheKeep<F16>&, Stream&);

}  // namespace speclab
