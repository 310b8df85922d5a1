// Simulation with `agreement` against Leviathan et al. 2023: tokens per step (1 - a^(K+1)) / (1 - a)
// (equation 1) and the speedup (1 - a^(K+1)) / ((1 - a) (K c + 1)) (theorem 3.8).
#include <gtest/gtest.h>

#include <cmath>

#include "core/cost/clocks.h"
#include "core/cost/constant_cost.h"
#include "core/metered.h"
#include "core/models/sources/agreeing.h"
#include "core/models/sources/hashed.h"
#include "core/models/sources/source_model.h"
#include "core/numerics/host_distributions.h"
#include "core/random/counter_rng.h"
#include "experiments/point/serve.h"
#include "strategies/drafters/model.h"
#include "strategies/published_acceptance.h"
#include "strategies/rules/speculative_sampling.h"
#include "strategies/topologies/chain.h"
#include "strategies/topologies/layered.h"
#include "strategies/topologies/paths.h"
#include "strategies/topologies/sequoia.h"

namespace speclab {
namespace {

// Steps, tokens and seconds, apart from each sequence's last steps, which the length limit cuts.
class Tally : public RunObserver {
 public:
  void step(std::int64_t, std::span<const StepRow> rows, std::span<const Charge> charges) override {
    for (const StepRow& row : rows) {
      if (row.proposed < full_) continue;
      ++steps;
      tokens += row.emitted;
      squares += static_cast<double>(row.emitted) * row.emitted;
    }
    for (const Charge& charge : charges) seconds += charge.seconds;
    for (const StepRow& row : rows) all_tokens += row.emitted;
  }
  explicit Tally(int full) : full_(full) {}

  double steps = 0, tokens = 0, squares = 0, seconds = 0, all_tokens = 0;
  double mean() const { return tokens / steps; }
  double standard_error() const { return std::sqrt((squares / steps - mean() * mean()) / steps); }

 private:
  int full_;
};

Tally simulate(Topology& topology, int nodes, std::vector<double> acceptance, std::vector<double> siblings,
               Draw draw, double temperature, double c, int tokens) {
  const auto source = std::make_shared<const Hashed>(16, 5);
  const ConstantCost prices(1, c);
  AnalyticClock clock(prices);
  SourceModel target_model(source),
      draft_model(std::make_shared<const Agreeing>(source, acceptance, siblings, 9));
  Metered target(target_model, Actor::target, clock), draft(draft_model, Actor::draft, clock);
  HostDistributions distributions;
  ModelDrafter drafter(draft, topology, distributions, draw);
  SpeculativeSampling rule;
  Decoder decoder(target, drafter, rule);
  std::vector<Sequence> sequences;
  for (std::uint64_t i = 0; i < 4; ++i) {
    sequences.push_back({.id = static_cast<SequenceId>(i),
                         .text = {1, 2, static_cast<Token>(i)},
                         .prompt_length = 3,
                         .max_new_tokens = tokens,
                         .end_tokens = {},
                         .sampling = {temperature, 0, 1},
                         .draft_chance = std::make_shared<CounterRng>(3, i, 0),
                         .judge_chance = std::make_shared<CounterRng>(3, i, 1)});
  }
  Tally tally(nodes);
  serve(decoder, clock, sequences, 1, tally);
  return tally;
}

double geometric(double a, int k) { return (1 - std::pow(a, k + 1)) / (1 - a); }

class ClosedForm : public testing::TestWithParam<std::tuple<int, double>> {};

TEST_P(ClosedForm, ChainMeetsLeviathan) {
  const auto [k, a] = GetParam();
  for (const double temperature : {0.0, 1.0}) {
    Chain chain(k);
    const double c = 0.05;
    const Tally tally = simulate(chain, k, {a}, {}, Draw::without_replacement, temperature, c, 25'000);
    EXPECT_NEAR(tally.mean(), geometric(a, k), 3 * tally.standard_error());
    // Plain decoding takes 1 a token. Steps near the limit draft less, so they are fewer than 1 in 1,000.
    const double speedup = tally.all_tokens / tally.seconds;
    const double expected = geometric(a, k) / (k * c + 1);
    EXPECT_NEAR(speedup / expected, 1, 3 * tally.standard_error() / tally.mean() + 2e-3);
  }
}

INSTANTIATE_TEST_SUITE_P(Leviathan, ClosedForm,
                         testing::Combine(testing::Range(1, 17),
                                          testing::Values(0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)));

TEST(ClosedForm, AcceptanceByDepthMultiplies) {
  Chain chain(3);
  const Tally tally = simulate(chain, 3, {0.9, 0.6, 0.3}, {}, Draw::fixed, 0, 0.1, 100'000);
  EXPECT_NEAR(tally.mean(), 1 + 0.9 + 0.9 * 0.6 + 0.9 * 0.6 * 0.3, 3 * tally.standard_error());
}

TEST(ClosedForm, JointRatesAddUp) {
  Chain chain(4);
  const std::vector<double> joint{0.844, 0.599, 0.385, 0.271};
  const Tally tally = simulate(chain, 4, from_joint_rates(joint), {}, Draw::fixed, 0, 0.1, 100'000);
  EXPECT_NEAR(tally.mean(), 3.099, 3 * tally.standard_error());
}

TEST(ClosedForm, AShareOfDraftedTokensIsMetAtItsLength) {
  Chain chain(5);
  const Tally tally = simulate(chain, 5, {from_mean_accepted(5 * 0.73, 5)}, {}, Draw::fixed, 0, 0.1, 100'000);
  EXPECT_NEAR(tally.mean(), 1 + 5 * 0.73, 3 * tally.standard_error());
}

TEST(ClosedForm, SiblingsCatchWhatTheFirstMisses) {
  Layered tree({3});
  for (const Draw draw : {Draw::fixed, Draw::without_replacement}) {
    const Tally tally = simulate(tree, 3, {0.5}, {0.4, 0.2}, draw, 1, 0.1, 100'000);
    EXPECT_NEAR(tally.mean(), 1 + (1 - 0.5 * 0.6 * 0.8), 3 * tally.standard_error());
  }
}

// Sequoia's F(T) of its best trees, for acceptance by rank: first a, then what earlier ranks missed.
TEST(ClosedForm, SequoiaTreesMeetTheirOwnForecast) {
  const std::vector<double> acceptance{0.6}, siblings{0.5, 0.4};
  const std::vector<double> by_rank{0.6, 0.4 * 0.5, 0.4 * 0.5 * 0.4};
  const SequoiaSearch search(by_rank, 20, 5);
  for (const auto& [nodes, depth] : {std::pair<int, int>{4, 2}, {9, 3}, {20, 5}}) {
    const RankPaths tree = search.tree(nodes, depth);
    ASSERT_EQ(static_cast<int>(tree.size()), nodes);
    for (const auto& [draw, temperature] :
         {std::pair<Draw, double>{Draw::fixed, 0}, {Draw::fixed, 1}, {Draw::without_replacement, 1}}) {
      Paths topology(tree);
      const Tally tally = simulate(topology, nodes, acceptance, siblings, draw, temperature, 0.1, 50'000);
      EXPECT_NEAR(tally.mean(), expected_tokens(tree, {by_rank}), 3 * tally.standard_error()) << nodes;
      EXPECT_LT(tally.standard_error(), 0.01) << "a tree that is worse by a hundredth part is seen";
    }
  }
}

}  // namespace
}  // namespace speclab
