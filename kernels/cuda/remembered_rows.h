#pragma once

#include <vector>

#include "kernels/cuda/runtime.h"

namespace speclab {

// Float rows of one width in device memory that never move, handed out and taken back one by one.
class RememberedRows {
 public:
  explicit RememberedRows(int width) : width_(static_cast<std::size_t>(width)) {}

  void reserve(std::size_t rows) {  // at least so many are free afterwards
    while (free_.size() < rows) {
      const DeviceBuffer<float>& block = blocks_.emplace_back(kBlock * width_, "rows that are remembered");
      for (std::size_t i = kBlock; i-- > 0;) free_.push_back(block.data() + i * width_);
    }
  }
  float* take() {
    reserve(1);
    float* row = free_.back();
    free_.pop_back();
    return row;
  }
  void give_back(float* row) { free_.push_back(row); }

 private:
  static constexpr std::size_t kBlock = 64;
  std::size_t width_;
  std::vector<DeviceBuffer<float>> blocks_;
  std::vector<float*> free_;
};

}  // namespace speclab
