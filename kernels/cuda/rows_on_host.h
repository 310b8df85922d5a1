#pragma once

#include "core/language_model.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

// The rows of a pass on the device, copied to pinned host memory.
class RowsOnHost {
 public:
  // Before the pass, which then cannot fail for want of memory: all rows together, in numbers.
  void reserve(std::size_t count);
  // Those that there are of logits, tapped and, where they are asked for, hidden rows. Waits until they are
  // there. They live until the next call.
  const Forward& read(const Forward& pass, bool hidden, Stream& stream);

 private:
  PinnedBuffer<float> values_;  // logits, hidden rows, tapped rows
  Forward forward_;
};

}  // namespace speclab
