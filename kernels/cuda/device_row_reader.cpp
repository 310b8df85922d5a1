#include "kernels/cuda/device_row_reader.h"

#include "core/check.h"

namespace speclab {
namespace {

std::size_t bytes_of(const Row& row) {
  return static_cast<std::size_t>(row.cols) * (row.scalar == Scalar::f64 ? sizeof(double) : sizeof(float));
}

// Whatever comes first, the next row begins where a double may.
std::size_t room_for(const Row& row) { return row ? static_cast<std::size_t>(row.cols) * sizeof(double) : 0; }

}  // namespace

Rows DeviceRowReader::read(const Rows& rows) {
  SPECLAB_CHECK(rows.place == Place::device, "rows on the host were to be copied from the device");
  const std::size_t count = static_cast<std::size_t>(rows.count) * static_cast<std::size_t>(rows.cols);
  together_.require(count, "rows that are read on the host");
  copy_bytes(together_.data(), rows.data, count * sizeof(float), *stream_);
  stream_->wait();
  return {together_.data(), rows.count, rows.cols, Place::host};
}

void DeviceRowReader::read(std::span<Row> rows) {
  std::size_t total = 0;
  for (const Row& row : rows) total += room_for(row);
  apart_.require(total, "rows that are read on the host, one by one");
  std::byte* to = apart_.data();
  for (Row& row : rows) {
    if (!row || row.place == Place::host) continue;
    copy_bytes(to, row.data, bytes_of(row), *stream_);
    row.data = to;
    row.place = Place::host;
    to += room_for(row);
  }
  stream_->wait();
}

}  // namespace speclab
