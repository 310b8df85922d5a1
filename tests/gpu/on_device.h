#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <exception>
#include <span>
#include <vector>

#include "core/random/mix64.h"
#include "kernels/cuda/number_conversion.h"
#include "kernels/cuda/runtime.h"

#ifdef SPECLAB_CUDA_SHIM
#include "tests/support/cuda_shim/control.h"
#endif

namespace speclab {

// A test that needs a device, or the shim, which always is one.
class OnDevice : public testing::Test {
 protected:
  void SetUp() override {
    try {
      use_cuda_device(0);
    } catch (const std::exception& error) {
      GTEST_SKIP() << error.what();
    }
#ifdef SPECLAB_CUDA_SHIM
    cuda_shim::reset();
#endif
  }
};

// Runs `check` once on a device; on the shim once for each of several orders of blocks and threads, so that a
// result that depends on the order is seen.
template <class Check>
void in_every_order(const Check& check) {
#ifdef SPECLAB_CUDA_SHIM
  using Kind = cuda_shim::Order::Kind;
  for (const cuda_shim::Order order :
       {cuda_shim::Order{Kind::forward}, {Kind::reverse}, {Kind::shuffled, 1}, {Kind::shuffled, 2}}) {
    SCOPED_TRACE(testing::Message() << "order " << static_cast<int>(order.kind) << ", seed " << order.seed);
    cuda_shim::set_order(order);
    check();
  }
  cuda_shim::set_order({});
#else
  check();
#endif
}

// Streams that are made while it lives have clusters, if the device has; on the shim all devices have.
class [[maybe_unused]] ClustersOnDevice {
#ifdef SPECLAB_CUDA_SHIM
 public:
  ClustersOnDevice() { cuda_shim::set_clusters(true); }
  ~ClustersOnDevice() { cuda_shim::set_clusters(false); }
#endif
};

template <class T>
DeviceBuffer<T> to_device(const std::vector<T>& values, Stream& stream) {
  DeviceBuffer<T> buffer(values.size(), "a test's input");
  copy(buffer.data(), std::span<const T>(values), stream);
  stream.wait();
  return buffer;
}

template <class T>
std::vector<T> to_host(const DeviceBuffer<T>& buffer, Stream& stream) {
  std::vector<T> values(buffer.size());
  copy_bytes(values.data(), buffer.data(), values.size() * sizeof(T), stream);
  stream.wait();
  return values;
}

// Uniform on (-1, 1), a function of the number.
inline float noise(std::uint64_t i) {
  return static_cast<float>(2 * unit_interval(mix64(i * kGolden + 1)) - 1);
}

template <class T>
std::vector<T> noise_rows(int rows, int length, int stride, std::uint64_t seed, float scale = 1) {
  std::vector<T> values(static_cast<std::size_t>(rows) * static_cast<std::size_t>(stride), T{});
  for (int row = 0; row < rows; ++row) {
    for (int i = 0; i < length; ++i) {
      const std::size_t at =
          static_cast<std::size_t>(row) * static_cast<std::size_t>(stride) + static_cast<std::size_t>(i);
      values[at] = number_of<T>(scale * noise(seed * 1'000'003 + at));
    }
  }
  return values;
}

// The largest relative error of one rounding.
template <class T>
constexpr double unit_roundoff();
template <>
constexpr double unit_roundoff<float>() {
  return 0x1p-24;
}
template <>
constexpr double unit_roundoff<Bf16>() {
  return 0x1p-8;
}
template <>
constexpr double unit_roundoff<F16>() {
  return 0x1p-11;
}

}  // namespace speclab
