#pragma once

#include <benchmark/benchmark.h>

#include <functional>

#include "experiments/bench/cuda/device_timing.h"
#include "kernels/cuda/kernel_demand.h"

namespace speclab {

// What kernels read from tables.
template <class T>
DeviceBuffer<T> on_device(const std::vector<T>& values, Stream& stream) {
  DeviceBuffer<T> buffer(values.size(), "a benchmark's tables");
  copy(buffer.data(), std::span<const T>(values), stream);
  stream.wait();
  return buffer;
}

// One kernel on the operands of this number, put into the timing's stream.
using Launch = std::function<void(int set)>;

// Counters of one kernel: us (the median of the samples), spread_% (the middle four fifths of them), GB/s and
// TFLOP/s of its demand, %_of_copy, clock_MHz. A sample is a graph of one launch per operand set, so that
// neither the host nor an event's own time is in it.
void measure_kernel(benchmark::State& state, DeviceTiming& timing, KernelDemand demand, int sets,
                    const Launch& launch);

// Two ways to the same result, sample by sample in turns: counters of the first as above, other_us, and
// other/this (the median of the pairs' ratios).
void compare_kernels(benchmark::State& state, DeviceTiming& timing, KernelDemand demand, int sets,
                     const Launch& launch, const Launch& other);

}  // namespace speclab
