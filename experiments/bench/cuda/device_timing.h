#pragma once

#include <cstddef>
#include <memory>

#include "kernels/cuda/runtime.h"

namespace speclab {

// What a device's kernels are held against, and how they are timed: with events, on operands that no cache
// holds.
class DeviceTiming {
 public:
  // Measures the bandwidths, which takes some hundredths of a second. `largest_operands`: what rotating() has
  // to hold at least.
  explicit DeviceTiming(std::size_t largest_operands);

  Stream& stream() const { return *stream_; }
  const std::shared_ptr<Stream>& shared_stream() const { return stream_; }
  // Bytes read and written per second of the faster of the driver's copy and a kernel's.
  double copy_bytes_per_second() const { return copy_bytes_per_second_; }
  double read_bytes_per_second() const { return read_bytes_per_second_; }  // of a kernel that only reads
  double clock_hertz();  // of the multiprocessors, in the millisecond that this takes

  // What the device takes for what `work` puts into the stream, which does not wait for the host meanwhile as
  // long as `work` returns within `kHostAhead` seconds. The second-level cache holds no operands, and nothing
  // that would have to be written back.
  static constexpr double kHostAhead = 4e-4;
  double cold_seconds(const std::function<void()>& work);

  // So many operand sets of `bytes` each pass the second-level cache several times over: at least 2, at most
  // 64. They lie one after another in memory that holds random numbers: finite ones, whether it is read as
  // bf16, f16 or float.
  int sets(double bytes) const;
  template <class T>
  T* rotating(int set, double bytes) const {
    return reinterpret_cast<T*>(operands_.data() + static_cast<std::size_t>(set) * aligned(bytes));
  }

 private:
  static std::size_t aligned(double bytes) { return (static_cast<std::size_t>(bytes) + 255) / 256 * 256; }
  double seconds_of(const std::function<void()>& work);  // the median of some

  std::shared_ptr<Stream> stream_ = std::make_shared<Stream>();
  Event begin_{Event::Use::timing}, end_{Event::Use::timing};
  std::size_t cache_bytes_ = 0;
  DeviceBuffer<std::byte> operands_, elsewhere_;
  double copy_bytes_per_second_ = 0, read_bytes_per_second_ = 0;
};

}  // namespace speclab
