#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "core/row_reader.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

// Copies rows from the device to pinned memory, once the stream has made them.
class DeviceRowReader : public RowReader {
 public:
  explicit DeviceRowReader(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}

  Rows read(const Rows& rows) override;
  void read(std::span<Row> rows) override;

 private:
  std::shared_ptr<Stream> stream_;
  PinnedBuffer<float> together_;
  PinnedBuffer<std::byte> apart_;
};

}  // namespace speclab
