#include "experiments/bench/cuda/kernel_bench.h"

#include <algorithm>
#include <vector>

#include "core/numerics/quantile.h"

namespace speclab {
namespace {

Graph recorded(DeviceTiming& timing, int sets, const Launch& launch) {
  launch(0);  // what a kernel's first launch takes besides
  timing.stream().wait();
  return {timing.stream(), [&] {
            for (int set = 0; set < sets; ++set) launch(set);
          }};
}

void count(benchmark::State& state, DeviceTiming& timing, KernelDemand demand,
           const std::vector<double>& samples) {
  const double seconds = quantile(samples, 0.5);
  state.counters["us"] = 1e6 * seconds;
  if (samples.size() >= 5) {
    state.counters["spread_%"] = 100 * (quantile(samples, 0.9) - quantile(samples, 0.1)) / seconds;
  }
  state.counters["GB/s"] = 1e-9 * demand.bytes / seconds;
  state.counters["TFLOP/s"] = 1e-12 * demand.flops / seconds;
  state.counters["%_of_copy"] = 100 * demand.bytes / seconds / timing.copy_bytes_per_second();
  state.counters["clock_MHz"] = 1e-6 * timing.clock_hertz();
}

}  // namespace

void measure_kernel(benchmark::State& state, DeviceTiming& timing, KernelDemand demand, int sets,
                    const Launch& launch) {
  const Graph graph = recorded(timing, sets, launch);
  std::vector<double> samples;
  for (auto _ : state) {
    const double seconds = timing.cold_seconds([&] { graph.launch(timing.stream()); }) / sets;
    samples.push_back(seconds);
    state.SetIterationTime(seconds);
  }
  count(state, timing, demand, samples);
}

void compare_kernels(benchmark::State& state, DeviceTiming& timing, KernelDemand demand, int sets,
                     const Launch& launch, const Launch& other) {
  const Graph graph = recorded(timing, sets, launch), other_graph = recorded(timing, sets, other);
  std::vector<double> samples, others, ratios;
  for (auto _ : state) {
    const double seconds = timing.cold_seconds([&] { graph.launch(timing.stream()); }) / sets;
    samples.push_back(seconds);
    others.push_back(timing.cold_seconds([&] { other_graph.launch(timing.stream()); }) / sets);
    ratios.push_back(others.back() / seconds);
    state.SetIterationTime(seconds);
  }
  count(state, timing, demand, samples);
  state.counters["other_us"] = 1e6 * quantile(others, 0.5);
  state.counters["other/this"] = quantile(ratios, 0.5);
}

}  // namespace speclab
