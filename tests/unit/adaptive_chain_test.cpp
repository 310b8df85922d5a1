// What adaptive lengths make of what became of earlier drafts.
#include <gtest/gtest.h>

#include <cmath>

#include "core/constant_cost.h"
#include "core/counter_chance.h"
#include "core/host_distributions.h"
#include "core/models/hashed.h"
#include "core/models/source_model.h"
#include "strategies/drafters/cascade.h"
#include "strategies/drafters/merge.h"
#include "strategies/rules/greedy.h"
#include "strategies/topologies/chain.h"
#include "strategies/topologies/goodput_chain.h"
#include "strategies/topologies/heuristic_chain.h"
#include "support/scripted_drafter.h"

namespace speclab {
namespace {

// Always two guesses; remembers how often it was taught, and keeps what it was told.
class Pupil : public AdaptiveChain<int> {
 public:
  Pupil() : AdaptiveChain(0) {}
  mutable std::vector<int> lessons_before;        // at each plan
  mutable std::vector<std::pair<int, int>> told;  // proposed, accepted

 protected:
  int length(const Sequence&, const int& lessons) const override {
    lessons_before.push_back(lessons);
    return 2;
  }
  void learn(int& lessons, int proposed, int accepted) const override {
    ++lessons;
    told.emplace_back(proposed, accepted);
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
                    .draft_chance = std::make_shared<CounterChance>(1, 0, 0),
                    .judge_chance = std::make_shared<CounterChance>(1, 0, 1)};
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

TEST(HeuristicChain, RemembersSequencesNotPlaces) {
  HeuristicChain chain(2, 16);
  ScriptedDrafter drafter(chain);
  ScriptedBatch two({5, 9});
  EXPECT_EQ(two.step(drafter, {100, 0}), (std::vector<int>{2, 2}));
  EXPECT_EQ(two.step(drafter, {100, 0}), (std::vector<int>{4, 1}));
  ScriptedBatch turned({9, 5});
  for (std::size_t i : {0u, 1u}) turned[i].text = two[1 - i].text;
  EXPECT_EQ(turned.step(drafter, {0, 0}), (std::vector<int>{1, 6}));
  ScriptedBatch fresh({5});
  EXPECT_EQ(fresh.step(drafter, {0}), (std::vector<int>{2})) << "a new sequence of an old id";
}

// A pass costs 1 and so much more for each row.
class RowCost : public CostModel {
 public:
  RowCost(double per_row, double draft) : per_row_(per_row), draft_(draft) {}
  Seconds price(const Work& work) const override {
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
        GoodputChain chain(12, {.acceptance = a}, StepPrices(prices, false, 1));
        ScriptedDrafter drafter(chain);
        ScriptedBatch batch({0});
        int expected = 0;
        const auto goodput = [&](int k) {
          return (1 - std::pow(a, k + 1)) / (1 - a) / (1 + per_row * (k + 1) + k * c);
        };
        for (int k = 1; k <= 12; ++k) {
          if (goodput(k) > goodput(expected)) expected = k;
        }
        EXPECT_EQ(batch.step(drafter, {0})[0], expected) << a << " " << c << " " << per_row;
      }
    }
  }
}

TEST(GoodputChain, LearnsASequencesAcceptanceAndForgets) {
  const ConstantCost prices(1, 0.2);
  GoodputChain chain(8, {.acceptance = 0.5, .weight = 2, .memory = 0.8}, StepPrices(prices, false, 1));
  ScriptedDrafter drafter(chain);
  ScriptedBatch batch({0, 1}, 100'000);
  const std::vector<int> first = batch.step(drafter, {100, 0});
  EXPECT_EQ(first[0], first[1]);
  for (int i = 0; i < 20; ++i) batch.step(drafter, {100, 0});
  const std::vector<int> later = batch.step(drafter, {100, 0});
  EXPECT_EQ(later[0], 8);
  int least = 8, most = 0;
  for (int i = 0; i < 60; ++i) {
    const int length = batch.step(drafter, {100, 0})[1];
    least = std::min(least, length);
    most = std::max(most, length);
  }
  EXPECT_EQ(least, 0) << "nothing is accepted, so nothing is drafted";
  EXPECT_GT(most, 0) << "but it is tried again";
}

TEST(GoodputChain, DraftsMoreWhereThatIsFree) {
  const ConstantCost prices(1, 0.2);
  GoodputChain priced(8, {.acceptance = 0.5}, StepPrices(prices, false, 1)),
      free(8, {.acceptance = 0.5}, StepPrices(prices, true, 1));
  ScriptedDrafter one(priced), other(free);
  ScriptedBatch batch({0}), mate({0});
  EXPECT_LT(batch.step(one, {0})[0], 8);
  EXPECT_EQ(mate.step(other, {0})[0], 8);
}

}  // namespace
}  // namespace speclab
