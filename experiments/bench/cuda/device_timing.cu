#include <algorithm>
#include <array>

#include "core/random/mix64.h"
#include "experiments/bench/cuda/device_timing.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/number_conversion.h"

namespace speclab {
namespace {

constexpr int kThreads = 512, kBlocksEach = 4;
constexpr int kSamples = 11;
constexpr int kAhead = 8;  // loads of 16 bytes on their way, per thread

__device__ std::size_t thread_number() {
  return static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ std::size_t thread_count() { return static_cast<std::size_t>(gridDim.x) * blockDim.x; }

// Four 16-bit numbers a word, of either sign and of magnitudes 1/4 to 1 as bf16: as floats they are the same.
__global__ void fill_kernel(std::uint64_t* words, std::size_t count) {
  for (std::size_t i = thread_number(); i < count; i += thread_count()) {
    const std::uint64_t random = mix64(i * kGolden + 1);
    std::uint64_t word = 0;
    for (int part = 0; part < 64; part += 16) {
      const std::uint64_t bits = random >> part & 0xFFFFu;
      word |= ((bits & 0x8000u) | (0x3E80u + (bits & 0xFFu))) << part;
    }
    words[i] = word;
  }
}

__global__ void __launch_bounds__(kThreads)
    read_kernel(const uint4* from, std::size_t count, unsigned* never) {
  unsigned all = 0;
  for (std::size_t i = thread_number(); i < count; i += thread_count() * kAhead) {
    uint4 words[kAhead];
#pragma unroll
    for (int k = 0; k < kAhead; ++k) {
      const std::size_t at = i + static_cast<std::size_t>(k) * thread_count();
      words[k] = at < count ? load16_streaming(from + at) : uint4{0, 0, 0, 0};
    }
#pragma unroll
    for (int k = 0; k < kAhead; ++k) all |= words[k].x | words[k].y | words[k].z | words[k].w;
  }
  if (all == 0xDEADBEEFu) *never = all;  // so that the loads are not left out
}

__global__ void __launch_bounds__(kThreads) copy_kernel(uint4* to, const uint4* from, std::size_t count) {
  for (std::size_t i = thread_number(); i < count; i += thread_count() * kAhead) {
    uint4 words[kAhead];
#pragma unroll
    for (int k = 0; k < kAhead; ++k) {
      const std::size_t at = i + static_cast<std::size_t>(k) * thread_count();
      if (at < count) words[k] = load16_streaming(from + at);
    }
#pragma unroll
    for (int k = 0; k < kAhead; ++k) {
      const std::size_t at = i + static_cast<std::size_t>(k) * thread_count();
      if (at < count) to[at] = words[k];
    }
  }
}

__global__ void spin_kernel([[maybe_unused]] long long cycles) {
#ifdef __CUDA_ARCH__
  const long long begin = clock64();
  while (clock64() - begin < cycles) {
  }
#endif
}

Grid all_multiprocessors() { return {static_cast<unsigned>(multiprocessors() * kBlocksEach), kThreads}; }

std::size_t cache_of_this_device() {
  int device = 0;
  cudaDeviceProp properties{};
  SPECLAB_CUDA(cudaGetDevice(&device));
  SPECLAB_CUDA(cudaGetDeviceProperties(&properties, device));
  return static_cast<std::size_t>(std::max(properties.l2CacheSize, 1 << 16));
}

}  // namespace

DeviceTiming::DeviceTiming(std::size_t largest_operands)
    : cache_bytes_(cache_of_this_device()),
      operands_(std::max(largest_operands, 16 * cache_bytes_) / 256 * 256 + 256 * 64, "benchmarks' operands"),
      elsewhere_(16 * cache_bytes_, "what flushes the cache") {
  for (const auto* buffer : {&operands_, &elsewhere_}) {
    launch("fill", fill_kernel, all_multiprocessors(), stream(),
           reinterpret_cast<std::uint64_t*>(buffer->data()), buffer->size() / 8);
  }
  const std::size_t bytes = elsewhere_.size();
  auto* to = reinterpret_cast<uint4*>(elsewhere_.data());
  const auto* from = reinterpret_cast<const uint4*>(operands_.data());
  const double by_driver = seconds_of([&] { copy_bytes(to, from, bytes, stream()); });
  const double by_kernel = seconds_of(
      [&] { launch("copy", copy_kernel, all_multiprocessors(), stream(), to, from, bytes / sizeof(uint4)); });
  const std::size_t all = operands_.size() / sizeof(uint4);
  const double reading = seconds_of([&] {
    launch("read", read_kernel, all_multiprocessors(), stream(), from, all,
           reinterpret_cast<unsigned*>(operands_.data()));
  });
  copy_bytes_per_second_ = 2 * static_cast<double>(bytes) / std::min(by_driver, by_kernel);
  read_bytes_per_second_ = static_cast<double>(all * sizeof(uint4)) / reading;
}

double DeviceTiming::seconds_of(const std::function<void()>& work) {
  std::array<double, kSamples> samples{};
  work();
  for (double& sample : samples) {
    begin_.record(stream());
    work();
    end_.record(stream());
    end_.wait();
    sample = end_.seconds_since(begin_);
  }
  std::ranges::nth_element(samples, samples.begin() + kSamples / 2);
  return samples[kSamples / 2];
}

double DeviceTiming::clock_hertz() {
  constexpr long long kCycles = 1'000'000;
  return static_cast<double>(kCycles) / seconds_of([&] {
           launch("spin", spin_kernel, {1, 1}, stream(), kCycles);
         });
}

double DeviceTiming::cold_seconds(const std::function<void()>& work) {
  // A processor clock of 2 GHz at most makes this no shorter than it should be.
  launch("spin", spin_kernel, {1, 1}, stream(), static_cast<long long>(2e9 * kHostAhead));
  // Reading, not writing, empties the cache: what is written is still there to be written back later.
  launch("read", read_kernel, all_multiprocessors(), stream(),
         reinterpret_cast<const uint4*>(elsewhere_.data()), 4 * cache_bytes_ / sizeof(uint4),
         reinterpret_cast<unsigned*>(elsewhere_.data()));
  begin_.record(stream());
  work();
  end_.record(stream());
  end_.wait();
  return end_.seconds_since(begin_);
}

int DeviceTiming::sets(double bytes) const {
  const double wanted = 8 * static_cast<double>(cache_bytes_) / std::max(bytes, 1.0);
  return static_cast<int>(std::clamp(wanted, 2.0, 64.0));
}

}  // namespace speclab
