#pragma once

#include <cmath>
#include <vector>

#include "tests/gpu/on_device.h"

namespace speclab {

// Rows in device memory, and the array of their addresses that the kernels read.
template <class T>
class DeviceRows {
 public:
  DeviceRows(const std::vector<T>& values, int cols, Stream& stream) : values_(to_device(values, stream)) {
    std::vector<const T*> addresses;
    for (std::size_t at = 0; at < values.size(); at += static_cast<std::size_t>(cols)) {
      addresses.push_back(values_.data() + at);
    }
    addresses_ = to_device(addresses, stream);
  }
  const T* const* addresses() const { return addresses_.data(); }
  T* row(int i, int cols) const {
    return values_.data() + static_cast<std::size_t>(i) * static_cast<std::size_t>(cols);
  }
  const DeviceBuffer<T>& values() const { return values_; }

 private:
  DeviceBuffer<T> values_;
  DeviceBuffer<const T*> addresses_;
};

// Logits with ties, minus zeros and a wide range.
inline std::vector<float> telling_logits(int rows, int cols, std::uint64_t seed) {
  std::vector<float> logits(static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols));
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const float value = 6 * noise(seed * 7'919 + i);
    logits[i] = mix64(seed + 3 * i) % 3 == 0 ? std::round(value) : value;
    if (mix64(seed + 5 * i) % 17 == 0) logits[i] = mix64(i) % 2 == 0 ? 0.0f : -0.0f;
  }
  return logits;
}

}  // namespace speclab
