// What adaptive lengths make of what became of earlier drafts.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

#include "core/cost/constant_cost.h"
#include "core/models/sources/hashed.h"
#include "core/models/sources/source_model.h"
#include "core/numerics/host_distributions.h"
#include "core/random/counter_rng.h"
#include "strategies/drafters/cascade.h"
#include "strategies/drafters/merge.h"
#include "strategies/rules/greedy.h"
#include "strategies/topologies/chain.h"
#include "strategies/topologies/goodput_chain.h"
#include "strategies/topologies/heuristic_chain.h"
#include "tests/support/scripted_drafter.h"

namespace speclab {
namespace {

// Always two guesses; remembers how often it was taught, and keeps what it was told.
class Pupil : public AdaptiveChain {
 public:
  std::vector<int> lessons_before;        // at each plan
  std::vector<std::pair<int, int>> told;  // proposed, accepted
  int forgot = 0;

 protected:
  void forget() override { ++forgot; }
  void plan(Batch, std::span<int> lengths) override {
    lessons_before.push_back(static_cast<int>(told.size()));
    std::ranges::fill(lengths, 2);
  }
  void learn(Batch, std::span<const Lesson> lessons) override {
    for (const Lesson& lesson : lessons) told.emplace_back(lesson.proposed, lesson.accepted);
  }
};

TEST(AdaptiveChain, InAMergeLearnsFromItsOwnGuessesAlone) {
  Pupil pupil;
  Chain three(3);
  std::vector<std::unique_ptr<Drafter>> parts;
  parts.push_back(std::make_unique<ScriptedDrafter>(pupil));  // 0, 0
  parts.push_back(std::make_unique<ScriptedDrafter>(three, [](int, const std::vector<Token>& path) {
    return path.empty() ? std::vector<double>{0.9, 0.1} : std::vector<double>{0.1, 0.9};  // 0, 1, 1
  }));
  MergedDrafter merged(std::move(parts));
  ScriptedBatch batch({0});
  const Draft& draft = batch.draft(merged)[0];
  ASSERT_EQ(token_paths(draft), (std::vector<std::vector<Token>>{{0}, {0, 0}, {0, 1}, {0, 1, 1}}));
  Sequence* sequences[] = {&batch[0]};
  const std::vector<Verdict> verdicts{{{1, 3, 4}, 0}};
  merged.observe({sequences, {&draft, 1}, verdicts, Forward{}});
  EXPECT_EQ(pupil.told, (std::vector<std::pair<int, int>>{{2, 1}}));
}

TEST(AdaptiveChain, InACascadeRemembersFromDraftToDraft) {
  const auto source = std::make_shared<const Hashed>(5, 3);
  SourceModel small(source);
  HostDistributions distributions;
  Pupil pupil;
  CascadeDrafter cascade(small, std::make_unique<ScriptedDrafter>(pupil), std::make_unique<Greedy>(),
                         distributions, 4);
  Sequence sequence{.id = SequenceId(0),
                    .text = {0, 1, 0},
                    .prompt_length = 3,
                    .max_new_tokens = 100,
                    .end_tokens = {},
                    .sampling = {.temperature = 0},
                    .draft_chance = std::make_shared<CounterRng>(1, 0, 0),
                    .judge_chance = std::make_shared<CounterRng>(1, 0, 1)};
  cascade.open(sequence, {});
  Sequence* batch[] = {&sequence};
  std::vector<Draft> drafts(1);
  for (int step = 0; step < 3; ++step) {
    drafts[0].reset(sequence.text.back());
    cascade.draft(batch, drafts);
    sequence.text.push_back(2);
  }
  ASSERT_GE(pupil.lessons_before.size(), 6u) << "four guesses take two steps at least";
  for (std::size_t i = 0; i < pupil.lessons_before.size(); ++i) {
    EXPECT_EQ(pupil.lessons_before[i], static_cast<int>(i));
  }
}

TEST(HeuristicChain, FollowsWhatWasAccepted) {
  HeuristicChain chain(4, 8);
  ScriptedDrafter drafter(chain);
  ScriptedBatch batch({0});
  std::vector<int> lengths;
  for (const int accepted : {100, 100, 100, 7, 0, 5, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0}) {
    lengths.push_back(batch.step(drafter, {accepted})[0]);
  }
  EXPECT_EQ(lengths, (std::vector<int>{4, 6, 8, 8, 7, 6, 5, 7, 6, 5, 4, 3, 2, 1, 1, 1}));
}

TEST(HeuristicChain, LearnsNothingFromABareRoot) {
  HeuristicChain chain(3, 8);
  ScriptedBatch batch({0}, 2);
  ScriptedDrafter drafter(chain);
  EXPECT_EQ(batch.step(drafter, {0})[0], 1) << "two tokens are left";
  EXPECT_EQ(batch.step(drafter, {0})[0], 0);
  batch[0].max_new_tokens = 100;
  EXPECT_EQ(batch.step(drafter, {0})[0], 2);
}

TEST(AdaptiveChain, ForgetsWhenATextBeginsThatHadBegunBefore) {
  Pupil pupil;
  ScriptedDrafter drafter(pupil);
  ScriptedBatch first({0, 1});
  first.step(drafter, {0, 0});
  first.step(drafter, {0, 0});
  ScriptedBatch later({2});
  later.step(drafter, {0});
  EXPECT_EQ(pupil.forgot, 0) << "another text of the same run";
  ScriptedBatch again({0, 1});
  again.step(drafter, {0, 0});
  again.step(drafter, {0, 0});
  EXPECT_EQ(pupil.forgot, 1);
  ScriptedBatch third({0});
  third.step(drafter, {0});
  EXPECT_EQ(pupil.forgot, 2);
}

TEST(HeuristicChain, IsOneLengthForABatch) {
  HeuristicChain chain(2, 16);
  ScriptedDrafter drafter(chain);
  ScriptedBatch two({5, 9});
  EXPECT_EQ(two.step(drafter, {100, 0}), (std::vector<int>{2, 2}));
  EXPECT_EQ(two.step(drafter, {100, 100}), (std::vector<int>{3, 3})) << "the mean of 4 and 1, rounded";
  EXPECT_EQ(two.step(drafter, {0, 0}), (std::vector<int>{5, 5}));
  ScriptedBatch joined({9, 7});
  joined[0].text = two[1].text;
  EXPECT_EQ(joined.step(drafter, {0, 0}), (std::vector<int>{3, 3})) << "4, and 2 of a new sequence";
  ScriptedBatch fresh({5});
  EXPECT_EQ(fresh.step(drafter, {0}), (std::vector<int>{2})) << "a new sequence of an old id";
}

// A pass costs 1 and so much more for each row.
class RowCost : public CostModel {
 public:
  RowCost(double per_row, double draft) : per_row_(per_row), draft_(draft) {}
  Seconds price(const Work& work) const override {
    if (work.actor == Actor::host) return 0;
    return work.actor == Actor::target ? 1 + per_row_ * work.rows : draft_;
  }

 private:
  double per_row_, draft_;
};

TEST(GoodputChain, StartsWithTheLengthThatBeliefFavours) {
  for (const double a : {0.0, 0.3, 0.6, 0.8, 0.95}) {
    for (const double c : {0.02, 0.1, 0.4}) {
      for (const double per_row : {0.0, 0.05}) {
        const RowCost prices(per_row, c);
        GoodputChain chain({.max = 12, .belief = {.acceptance = a}}, StepPrices(prices, false));
        ScriptedDrafter drafter(chain);
        ScriptedBatch batch({0});
        int expected = 1;  // at least, to learn
        const auto goodput = [&](int k) {
          return (1 - std::pow(a, k + 1)) / (1 - a) / (1 + per_row * (k + 1) + k * c);
        };
        for (int k = 2; k <= 12; ++k) {
          if (goodput(k) > goodput(expected)) expected = k;
        }
        EXPECT_EQ(batch.step(drafter, {0})[0], expected) << a << " " << c << " " << per_row;
      }
    }
  }
}

TEST(GoodputChain, IsOneLengthForTheBatchThatRuns) {
  // A guess costs as much as its sequences are many: for many of them nothing pays.
  const RowCost prices(0.05, 0.1);
  const auto length = [&](int sequences) {
    std::vector<int> ids(static_cast<std::size_t>(sequences));
    std::iota(ids.begin(), ids.end(), 0);
    GoodputChain chain({.max = 8, .belief = {.acceptance = 0.7}, .explore = 0}, StepPrices(prices, false));
    ScriptedDrafter drafter(chain);
    ScriptedBatch batch(ids);
    std::vector<int> accepted(ids.size(), 0);  // seven in ten
    for (std::size_t i = 0; i < accepted.size(); ++i) accepted[i] = i % 10 < 7 ? 100 : 0;
    batch.step(drafter, accepted);
    const std::vector<int> lengths = batch.step(drafter, accepted);
    EXPECT_EQ(std::set<int>(lengths.begin(), lengths.end()).size(), 1u);
    return lengths.front();
  };
  EXPECT_GT(length(10), 1);
  EXPECT_EQ(length(200), 0);
}

TEST(GoodputChain, ExploresWithinItsBudgetAndComesBack) {
  const ConstantCost prices(1, 0.2);
  GoodputChain chain({.max = 8, .explore = 0.02}, StepPrices(prices, false));
  ScriptedDrafter drafter(chain);
  ScriptedBatch batch({0, 1}, 100'000);
  for (int i = 0; i < 50; ++i) batch.step(drafter, {0, 0});
  int probes = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::vector<int> lengths = batch.step(drafter, {0, 0});
    EXPECT_EQ(lengths[1], 0) << "one sequence is enough";
    EXPECT_LE(lengths[0], 1);
    probes += lengths[0];
  }
  EXPECT_GE(probes, 90) << "0.02 of 1,000 steps of 1, in guesses of 0.2";
  EXPECT_LE(probes, 110);
  int last = 0;
  for (int i = 0; i < 500; ++i) last = batch.step(drafter, {100, 100})[1];
  EXPECT_EQ(last, 8) << "guesses have become right";
}

TEST(GoodputChain, KnowsThatMixedTextsAreRightMoreOftenTheDeeper) {
  AcceptanceEstimate estimate({.acceptance = 0.5, .weight = 1, .memory = 1});
  for (int i = 0; i < 1000; ++i) estimate.add(4, i % 2 == 0 ? 4 : 0);  // easy and hard ones
  estimate.settle();
  EXPECT_NEAR(estimate.at(1, 0.5), 0.5, 1e-3);
  for (const int depth : {2, 3, 4}) EXPECT_GT(estimate.at(depth, 0.5), 0.99);
  EXPECT_EQ(estimate.at(5, 0.9), 0.9) << "nothing is known";
}

TEST(GoodputChain, DraftsMoreWhereThatIsFree) {
  const ConstantCost prices(1, 0.2);
  const GoodputChain::Settings settings{.max = 8, .belief = {.acceptance = 0.5}};
  GoodputChain priced(settings, StepPrices(prices, false)), free(settings, StepPrices(prices, true));
  ScriptedDrafter one(priced), other(free);
  ScriptedBatch batch({0}), mate({0});
  EXPECT_LT(batch.step(one, {0})[0], 8);
  EXPECT_EQ(mate.step(other, {0})[0], 8);
}

}  // namespace
}  // namespace speclab
