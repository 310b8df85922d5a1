// What it costs to read a result file in a process of its own: the same point's file, read here and read
// there, while this process holds so many megabytes.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include "analysis/point_file.h"
#include "core/results/hdf5.h"
#include "core/results/hdf5_apart.h"
#include "core/results/hdf5_recorder.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

const fs::path& point_file() {
  static const fs::path file = [] {
    const fs::path folder = fs::temp_directory_path() / ("speclab-bench-" + std::to_string(getpid()));
    PointSettings settings{"bench", {{"topology.length", 4}}};
    Hdf5Recorder recorder(folder, RecordMode::counts);
    recorder.begin(settings, {});
    for (const Role role : {Role::baseline, Role::method}) recorder.start_run(role, 0);
    recorder.finish();
    return point_path(folder, settings);
  }();
  return file;
}

std::vector<char> memory(const benchmark::State& state) {
  return std::vector<char>(static_cast<std::size_t>(state.range(0)) << 20, 1);
}

void here(benchmark::State& state) {
  const std::vector<char> held = memory(state);
  for (auto _ : state) benchmark::DoNotOptimize(load_points(Hdf5File::open(point_file())));
}

void apart(benchmark::State& state) {
  const std::vector<char> held = memory(state);
  for (auto _ : state) benchmark::DoNotOptimize(load_points(Hdf5Apart(point_file())));
}

BENCHMARK(here)->Arg(0)->Arg(1000)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(apart)->Arg(0)->Arg(1000)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace speclab

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  speclab::point_file();
  benchmark::RunSpecifiedBenchmarks();
  std::filesystem::remove_all(speclab::point_file().parent_path().parent_path());
}
