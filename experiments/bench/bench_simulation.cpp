// Tokens per second of a priced simulation: `agreement` drafts, the production decoder, the analytic clock of
// an 8B/70B pair on an H100, requests of 1,024 tokens. One core.
#include <benchmark/benchmark.h>

#include "core/cost/catalogue.h"
#include "core/cost/clocks.h"
#include "core/cost/roofline.h"
#include "core/metered.h"
#include "core/models/sources/agreeing.h"
#include "core/models/sources/hashed.h"
#include "core/models/sources/source_model.h"
#include "core/numerics/host_distributions.h"
#include "core/random/counter_rng.h"
#include "experiments/config/files.h"
#include "experiments/point/serve.h"
#include "strategies/drafters/model.h"
#include "strategies/rules/greedy.h"
#include "strategies/topologies/chain.h"

namespace speclab {
namespace {

constexpr std::uint64_t kRequests = 1024;
constexpr int kTokens = 1024;  // per request

class Sum : public RunObserver {
 public:
  void step(std::int64_t, std::span<const StepRow> rows, std::span<const Charge> charges) override {
    for (const StepRow& row : rows) tokens += row.emitted;
    steps += static_cast<std::int64_t>(rows.size());
    for (const Charge& charge : charges) seconds += charge.seconds;
  }
  std::int64_t tokens = 0, steps = 0;
  Seconds seconds = 0;
};

void simulate(benchmark::State& state) {
  const int k = static_cast<int>(state.range(0)), batch = static_cast<int>(state.range(2));
  const double acceptance = static_cast<double>(state.range(1)) / 100;
  const Roofline prices(find_device(project_configs("devices"), "h100-sxm"),
                        find_shape(project_configs("shapes"), "llama-3.1-70b"),
                        {find_shape(project_configs("shapes"), "llama-3.1-8b")});
  const auto source = std::make_shared<const Hashed>(16, 5);
  Sum sum;
  for (auto _ : state) {
    AnalyticClock clock(prices);
    SourceModel target_model(source), draft_model(std::make_shared<const Agreeing>(
                                          source, std::vector<double>{acceptance}, std::vector<double>{}, 9));
    Metered target(target_model, Actor::target, clock), draft(draft_model, Actor::draft, clock);
    HostDistributions distributions;
    Chain chain(k);
    ModelDrafter drafter(draft, chain, distributions, Draw::fixed);
    Greedy rule;
    MeteredDrafter metered_drafter(drafter, clock);
    MeteredRule metered_rule(rule, clock);
    Decoder decoder(target, metered_drafter, metered_rule);
    std::vector<Sequence> sequences;
    for (std::uint64_t i = 0; i < kRequests; ++i) {
      sequences.push_back({.id = static_cast<SequenceId>(i),
                           .text = {1, 2, static_cast<Token>(i % 16)},
                           .prompt_length = 3,
                           .max_new_tokens = kTokens,
                           .end_tokens = {},
                           .sampling = {0, 0, 1},
                           .draft_chance = std::make_shared<CounterRng>(3, i, 0),
                           .judge_chance = std::make_shared<CounterRng>(3, i, 1)});
    }
    serve(decoder, clock, sequences, batch, sum);
  }
  state.SetItemsProcessed(sum.tokens);
  state.counters["tokens_per_step"] = static_cast<double>(sum.tokens) / static_cast<double>(sum.steps);
  state.counters["ns_per_step"] = benchmark::Counter(
      static_cast<double>(sum.steps) * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(simulate)
    ->ArgNames({"k", "acceptance_percent", "batch"})
    ->ArgsProduct({{4, 8, 16}, {60, 80, 90}, {1, 64}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace speclab

BENCHMARK_MAIN();
