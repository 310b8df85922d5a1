#pragma once

#include <array>
#include <cstdint>

#include "core/models/checkpoint/safetensors.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

// Stored matrices on their way to the device, in 16 bits: f32 becomes bf16. Pinned memory in two halves: one
// is filled while the other is on its way.
class WeightStaging {
 public:
  explicit WeightStaging(Stream& stream) : stream_(stream) {}

  // Rows begin .. end - 1 of a matrix, with zeros up to the device's stride (see row_bytes).
  void send(const Tensor& tensor, int begin, int end, void* to);

 private:
  struct Half {
    PinnedBuffer<std::byte> buffer;
    Event sent;
  };

  Stream& stream_;
  std::array<Half, 2> halves_;
  std::size_t turn_ = 0;
};

}  // namespace speclab
