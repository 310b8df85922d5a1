#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <string>
#include <vector>

#include "experiments/bench/cuda/device_timing.h"

namespace speclab {

// Registers a benchmark that is timed by the device. What it throws is its error, and the others go on.
void add_case(const std::string& name, std::function<void(benchmark::State&)> body, int max_samples = 1000);

// What a benchmark of the first CUDA device does: `prepare` gets the arguments that are no options and
// registers the cases. The exit status: 1 where there is no device, where no case was chosen or where one
// failed.
int run_benchmarks(
    int argc, char** argv,
    const std::function<void(const std::string& device, const std::vector<std::string>& arguments)>& prepare);

// The measured bandwidths and the clock rate go into the head of what is written.
void add_context(DeviceTiming& timing);

}  // namespace speclab
