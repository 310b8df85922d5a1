#pragma once

#include "core/models/checkpoint/llama_config.h"
#include "kernels/cpu/aligned_buffer.h"

namespace speclab {

// One sequence's keys (rotated) and values, in f32 so that what is stored is what was computed.
// Slot p holds text position p; tree nodes follow in the order of their evaluation.
class KvCache {
 public:
  explicit KvCache(const LlamaConfig& config);

  void reserve(int slots);  // keeps what it holds
  void move(int from, int to);

  int width() const {
    return width_;
  }  // floats per head and slot: the head's size rounded up to 16, zeros after it
  float* keys(int layer, int kv_head) { return at(keys_, layer, kv_head); }      // (capacity, width)
  float* values(int layer, int kv_head) { return at(values_, layer, kv_head); }  // (capacity, width)

 private:
  float* at(AlignedBuffer<float>& buffer, int layer, int kv_head) {
    const std::size_t plane = static_cast<std::size_t>(layer) * static_cast<std::size_t>(kv_heads_) +
                              static_cast<std::size_t>(kv_head);
    return buffer.data() + plane * static_cast<std::size_t>(capacity_) * static_cast<std::size_t>(width_);
  }

  int layers_, kv_heads_, width_;
  int capacity_ = 0;
  AlignedBuffer<float> keys_, values_;  // (layers, kv_heads, capacity, width)
};

}  // namespace speclab
