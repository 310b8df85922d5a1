// How near a forward pass of the CPU model comes to the memory's read bandwidth, and what further
// rows cost. The passes are taken in turns, so that a change of the machine's mood meets them all.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <numeric>
#include <vector>

#include "kernels/cpu/cpu_transformer.h"

namespace {

using namespace speclab;

constexpr int kNodes[] = {1, 2, 4, 8, 16};
constexpr int kContext = 96;
constexpr SequenceId kSequence{1};

double seconds_of(auto&& action) {
  const auto begin = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Bytes per second with all threads summing 1 GiB in large pages, the best of several passes: at least 8
// times the last-level cache of any processor with up to 128 MiB of it.
double read_bandwidth(ThreadTeam& team) {
  constexpr std::size_t kBytes = std::size_t{1} << 30, kLine = 8;  // words in a line
  std::unique_ptr<std::uint64_t, decltype(&std::free)> memory(
      static_cast<std::uint64_t*>(std::aligned_alloc(std::size_t{2} << 20, kBytes)), &std::free);
  ::madvise(memory.get(), kBytes, MADV_HUGEPAGE);
  std::memset(memory.get(), 1, kBytes);
  double best = 1e9;
  for (int repetition = 0; repetition < 10; ++repetition) {
    best = std::min(best, seconds_of([&] {
                      team.run([&](int thread) {
                        const Share share = share_of(static_cast<int>(kBytes / 64), 64, thread, team.size());
                        std::uint64_t sums[kLine] = {};
                        for (int line = share.begin; line < share.end; ++line) {
                          const std::uint64_t* at = memory.get() + static_cast<std::size_t>(line) * kLine;
                          // Every other pass asks ahead, as the model does: who is faster sets the mark.
                          if (repetition % 2) __builtin_prefetch(at + 64 * kLine, 0, 2);
                          for (std::size_t k = 0; k < kLine; ++k) sums[k] += at[k];
                        }
                        benchmark::DoNotOptimize(sums);
                      });
                    }));
  }
  return static_cast<double>(kBytes) / best;
}

// A text of `context` tokens in the cache, and a tree of one-token passes below its root.
class Subject {
 public:
  Subject(std::unique_ptr<LanguageModel> model) : model_(std::move(model)) {
    model_->open(kSequence);
    for (int i = 0; i < kContext; ++i) text_.push_back(i * 37 % model_->vocab());
    const SequenceInput prompt{.sequence = kSequence, .text = text_, .give = PassOutput::nothing};
    model_->forward({&prompt, 1});
    // Two branches at each node, by level: node n hangs from (n - 1) / 2.
    for (int node = 1; node <= 64; ++node) tree_.add((node - 1) / 2, node * 101 % model_->vocab());
    std::iota(nodes_, nodes_ + 64, 1);
  }

  // Seconds of a pass over so many nodes; the cache is as before.
  double pass(int count) {
    const SequenceInput slice{
        .sequence = kSequence, .tree = &tree_, .nodes = {nodes_, static_cast<std::size_t>(count)}};
    const double seconds = seconds_of([&] { benchmark::DoNotOptimize(model_->forward({&slice, 1})); });
    const Commit nothing{kSequence, {}};
    model_->commit({&nothing, 1});
    return seconds;
  }
  double streamed_bytes() const {
    return static_cast<double>(dynamic_cast<const CpuTransformer&>(*model_).weights().streamed_bytes());
  }

 private:
  std::unique_ptr<LanguageModel> model_;
  std::vector<Token> text_;
  TokenTree tree_;
  int nodes_[64];
};

// One iteration takes every width once; what is reported is the best of each.
void forward_passes(benchmark::State& state, const std::function<std::unique_ptr<LanguageModel>()>& make) {
  ThreadTeam team;
  const double bandwidth = read_bandwidth(team);
  Subject subject(make());
  double best[std::size(kNodes)];
  std::fill(std::begin(best), std::end(best), 1e9);
  for (auto _ : state) {
    for (std::size_t i = 0; i < std::size(kNodes); ++i) best[i] = std::min(best[i], subject.pass(kNodes[i]));
  }
  for (std::size_t i = 0; i < std::size(kNodes); ++i) {
    state.counters[fmt::format("us_{:02}", kNodes[i])] = best[i] * 1e6;
    state.counters[fmt::format("ratio_{:02}", kNodes[i])] = best[i] / best[0];
  }
  state.counters["read_GB/s"] = bandwidth / 1e9;
  state.counters["streamed_GB/s"] = subject.streamed_bytes() / best[0] / 1e9;
  state.counters["percent_of_read"] = 100 * subject.streamed_bytes() / best[0] / bandwidth;
}

LlamaConfig shape_110m() {
  LlamaConfig config;
  config.hidden = 768;
  config.intermediate = 2048;
  config.layers = 12;
  config.heads = config.kv_heads = 12;
  config.head_dim = 64;
  config.vocab = 32000;
  config.max_positions = 2048;
  return config;
}

}  // namespace

// Arguments that are directories are measured too: bench_cpu_model configs/models/target.
int main(int argc, char** argv) {
  benchmark::RegisterBenchmark("llama_110m_bf16",
                               [](benchmark::State& state) {
                                 forward_passes(
                                     state, [] { return random_cpu_model(shape_110m(), Dtype::bf16, 1); });
                               })
      ->Iterations(30)
      ->Unit(benchmark::kMillisecond);
  for (int i = 1; i < argc; ++i) {
    const std::string path = argv[i];
    if (!std::filesystem::is_directory(path)) continue;
    benchmark::RegisterBenchmark(
        path.c_str(),
        [path](benchmark::State& state) { forward_passes(state, [&] { return load_cpu_model(path); }); })
        ->Iterations(300)
        ->Unit(benchmark::kMillisecond);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
