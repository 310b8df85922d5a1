#include "experiments/bench/cuda/bench_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <span>
#include <string_view>

#include "core/errors.h"
#include "kernels/cuda/runtime.h"

namespace speclab {
namespace {

int samples = 25;

class FailureCounter : public benchmark::ConsoleReporter {
 public:
  FailureCounter() : ConsoleReporter(OO_Tabular) {}
  void ReportRuns(const std::vector<Run>& runs) override {
    failed += std::ranges::count_if(runs, &Run::error_occurred);
    ConsoleReporter::ReportRuns(runs);
  }
  std::ptrdiff_t failed = 0;
};

}  // namespace

void add_case(const std::string& name, std::function<void(benchmark::State&)> body, int max_samples) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [body = std::move(body)](benchmark::State& state) {
                                 try {
                                   body(state);
                                 } catch (const std::exception& error) {
                                   state.SkipWithError(error.what());
                                 }
                               })
      ->UseManualTime()
      ->Iterations(std::min(samples, max_samples))
      ->Unit(benchmark::kMicrosecond);
}

void add_context(DeviceTiming& timing) {
  const auto add = [](const char* name, double value) {
    benchmark::AddCustomContext(name, fmt::format("{:.1f}", value));
  };
  add("copy_GB/s", 1e-9 * timing.copy_bytes_per_second());
  add("read_GB/s", 1e-9 * timing.read_bytes_per_second());
  add("clock_MHz", 1e-6 * timing.clock_hertz());
}

int run_benchmarks(int argc, char** argv,
                   const std::function<void(const std::string& device,
                                            const std::vector<std::string>& arguments)>& prepare) {
  const std::string program = std::filesystem::path(argv[0]).filename();
  try {
    benchmark::Initialize(&argc, argv);
    std::vector<std::string> arguments;
    for (const std::string argument : std::span(argv + 1, argv + argc)) {
      if (constexpr std::string_view kSamples = "--samples="; argument.starts_with(kSamples)) {
        samples = std::stoi(argument.substr(kSamples.size()));
      } else if (argument.starts_with("-")) {
        throw ConfigError(argument + " is no option here; there are --samples=N and those of --help");
      } else {
        arguments.push_back(argument);
      }
    }
    const std::string device = use_cuda_device(0);
    benchmark::AddCustomContext("device", device);
    prepare(device, arguments);
    FailureCounter reporter;
    const std::size_t ran = benchmark::RunSpecifiedBenchmarks(&reporter);
    if (reporter.failed > 0) fmt::print(stderr, "{}: {} benchmarks failed\n", program, reporter.failed);
    return ran == 0 || reporter.failed > 0 ? 1 : 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", program, error.what());
    return 1;
  }
}

}  // namespace speclab
