#include "experiments/micro/cuda/bench_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>

#include "kernels/cuda/runtime.h"

namespace speclab {
namespace {

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

void add_case(const std::string& name, std::function<void(benchmark::State&)> body) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [body = std::move(body)](benchmark::State& state) {
                                 try {
                                   body(state);
                                 } catch (const std::exception& error) {
                                   state.SkipWithError(error.what());
                                 }
                               })
      ->UseManualTime()
      ->Unit(benchmark::kMicrosecond);
}

int run_benchmarks(int argc, char** argv,
                   const std::function<void(const std::vector<std::string>& arguments)>& prepare) {
  const std::string program = std::filesystem::path(argv[0]).filename();
  try {
    // A sample repeats a kernel already: a hundredth of a second has dozens of them.
    std::string least_time = "--benchmark_min_time=0.01";
    std::vector<char*> all{argv[0], least_time.data()};
    all.insert(all.end(), argv + 1, argv + argc);
    int count = static_cast<int>(all.size());
    benchmark::Initialize(&count, all.data());
    const std::vector<std::string> arguments(all.begin() + 1, all.begin() + count);
    for (const std::string& argument : arguments) {
      if (!argument.starts_with("-")) continue;
      fmt::print(stderr, "{}: {} is no option of it (--help)\n", program, argument);
      return 1;
    }
    benchmark::AddCustomContext("device", use_cuda_device(0));
    prepare(arguments);
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
