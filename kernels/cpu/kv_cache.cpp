#include "kernels/cpu/kv_cache.h"

#include <algorithm>
#include <utility>

namespace speclab {

KvCache::KvCache(const LlamaConfig& config)
    : layers_(config.layers), kv_heads_(config.kv_heads), width_((config.head_dim + 15) / 16 * 16) {}

void KvCache::reserve(int slots) {
  if (slots <= capacity_) return;
  const int larger = std::max({64, (slots + 63) / 64 * 64, capacity_ + capacity_ / 2});
  const std::size_t planes = static_cast<std::size_t>(layers_) * static_cast<std::size_t>(kv_heads_);
  const std::size_t before = static_cast<std::size_t>(capacity_) * static_cast<std::size_t>(width_);
  const std::size_t after = static_cast<std::size_t>(larger) * static_cast<std::size_t>(width_);
  for (AlignedBuffer<float>* buffer : {&keys_, &values_}) {
    AlignedBuffer<float> grown(planes * after);
    for (std::size_t plane = 0; plane < planes; ++plane) {
      std::copy_n(buffer->data() + plane * before, before, grown.data() + plane * after);
    }
    *buffer = std::move(grown);
  }
  capacity_ = larger;
}

void KvCache::move(int from, int to) {
  const std::size_t width = static_cast<std::size_t>(width_);
  for (int layer = 0; layer < layers_; ++layer) {
    for (int head = 0; head < kv_heads_; ++head) {
      for (float* plane : {keys(layer, head), values(layer, head)}) {
        std::copy_n(plane + static_cast<std::size_t>(from) * width, width,
                    plane + static_cast<std::size_t>(to) * width);
      }
    }
  }
}

}  // namespace speclab
