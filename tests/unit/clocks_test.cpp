#include "core/cost/clocks.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "core/check.h"
#include "core/metered.h"

namespace speclab {
namespace {

// A second per new token of a forward pass, ten for anything else.
class Countable : public CostModel {
 public:
  Seconds price(const Work& work) const override { return work.op == Op::forward ? work.new_tokens : 10; }
};

constexpr Work kPass{.actor = Actor::target, .op = Op::forward, .new_tokens = 3};
constexpr Work kStep{.actor = Actor::host, .op = Op::step};

TEST(AnalyticClock, ChargesPricesAndAddsThemUp) {
  const Countable prices;
  AnalyticClock clock(prices);
  const int step = clock.start();
  const int first = clock.start();
  clock.stop(first, kPass);
  const int second = clock.start();
  clock.stop(second, {.actor = Actor::draft, .op = Op::forward, .new_tokens = 4});
  clock.stop(step, kStep);
  const auto charges = clock.settle();
  ASSERT_EQ(charges.size(), 3u);  // in order of start: the outer one first
  EXPECT_EQ(charges[0].work, kStep);
  EXPECT_EQ(charges[0].begin, 0);
  EXPECT_EQ(charges[0].seconds, 10);  // its own, without the seven seconds within it
  EXPECT_EQ(charges[1].begin, 0);
  EXPECT_EQ(charges[1].seconds, 3);
  EXPECT_EQ(charges[2].begin, 3);
  EXPECT_EQ(charges[2].seconds, 4);
  EXPECT_EQ(charges[2].work.actor, Actor::draft);
  EXPECT_EQ(clock.now(), 17);
}

TEST(AnalyticClock, SettlesEachIntervalOnce) {
  const Countable prices;
  AnalyticClock clock(prices);
  EXPECT_TRUE(clock.settle().empty());
  clock.stop(clock.start(), kPass);
  EXPECT_EQ(clock.settle().size(), 1u);
  EXPECT_TRUE(clock.settle().empty());
  clock.stop(clock.start(), kPass);
  const auto charges = clock.settle();
  ASSERT_EQ(charges.size(), 1u);
  EXPECT_EQ(charges[0].begin, 3);  // time goes on
}

TEST(AnalyticClock, KeepsItsMemory) {
  const Countable prices;
  AnalyticClock clock(prices);
  const Charge* place = nullptr;
  for (int step = 0; step < 100; ++step) {
    const int outer = clock.start();
    for (int i = 0; i < 7; ++i) clock.stop(clock.start(), kPass);
    clock.stop(outer, kStep);
    const auto charges = clock.settle();
    ASSERT_EQ(charges.size(), 8u);
    EXPECT_TRUE(step == 0 || charges.data() == place);
    place = charges.data();
  }
}

TEST(Clocks, RefuseWhatDoesNotNest) {
  const Countable prices;
  AnalyticClock analytic(prices);
  WallClock wall;
  for (Clock* clock : {static_cast<Clock*>(&analytic), static_cast<Clock*>(&wall)}) {
    const int outer = clock->start();
    const int inner = clock->start();
    EXPECT_THROW(clock->stop(outer, kStep), BrokenInvariant);
    EXPECT_THROW(clock->settle(), BrokenInvariant);
    clock->stop(inner, kPass);
    EXPECT_THROW(clock->stop(inner, kPass), BrokenInvariant);
    clock->stop(outer, kStep);
    EXPECT_EQ(clock->settle().size(), 2u);
  }
}

TEST(WallClock, ChargesOwnTimeThatAddsUpToWhatPassed) {
  using namespace std::chrono_literals;
  WallClock clock;
  const int outer = clock.start();
  const int middle = clock.start();
  const int inner = clock.start();
  std::this_thread::sleep_for(20ms);
  clock.stop(inner, kPass);
  clock.stop(middle, kPass);
  std::this_thread::sleep_for(10ms);
  clock.stop(outer, kStep);
  const Seconds end = clock.now();
  const auto charges = clock.settle();
  ASSERT_EQ(charges.size(), 3u);
  EXPECT_GE(charges[2].seconds, 0.020);
  EXPECT_GE(charges[0].seconds, 0.010);
  EXPECT_LT(charges[1].seconds, charges[2].seconds);  // nothing of the inner one's
  EXPECT_LT(charges[0].seconds, 0.5 * (charges[2].seconds + charges[0].seconds) + 0.010);
  const Seconds sum = charges[0].seconds + charges[1].seconds + charges[2].seconds;
  EXPECT_LE(sum, end - charges[0].begin);
  EXPECT_NEAR(sum, end - charges[0].begin, 0.005);
  EXPECT_LE(charges[0].begin, charges[1].begin);
  EXPECT_LE(charges[1].begin, charges[2].begin);
}

// Says what it was asked, and claims to be nobody.
class Scripted : public LanguageModel {
 public:
  int vocab() const override { return 7; }
  void open(SequenceId) override { ++opened; }
  void close(SequenceId) override { ++closed; }
  int length(SequenceId) const override { return 5; }
  const Forward& forward(std::span<const SequenceInput> batch) override {
    result.work = {
        .op = Op::forward, .sequences = static_cast<int>(batch.size()), .new_tokens = 6, .rows = 2};
    return result;
  }
  Work commit(std::span<const Commit>) override { return {.op = Op::commit, .new_tokens = 2}; }
  Work truncate(std::span<const Truncation>) override { return {.op = Op::truncate}; }

  Forward result;
  int opened = 0, closed = 0;
};

TEST(Metered, ChargesPassesInTheActorsName) {
  const Countable prices;
  AnalyticClock clock(prices);
  Scripted inner;
  Metered model(inner, draft_actor(1), clock);
  model.open({});
  model.close({});
  EXPECT_EQ(inner.opened + inner.closed, 2);
  EXPECT_EQ(model.vocab(), 7);
  EXPECT_EQ(model.length({}), 5);
  const std::array<SequenceInput, 3> batch{};
  EXPECT_EQ(&model.forward(batch), &inner.result);
  EXPECT_EQ(model.commit({}).actor, draft_actor(1));
  model.truncate({});
  const auto charges = clock.settle();
  ASSERT_EQ(charges.size(), 3u);
  EXPECT_EQ(charges[0].work,
            (Work{.actor = draft_actor(1), .op = Op::forward, .sequences = 3, .new_tokens = 6, .rows = 2}));
  EXPECT_EQ(charges[0].seconds, 6);
  EXPECT_EQ(charges[1].work, (Work{.actor = draft_actor(1), .op = Op::commit, .new_tokens = 2}));
  EXPECT_EQ(charges[2].work.op, Op::truncate);
  EXPECT_EQ(static_cast<int>(draft_actor(0)), static_cast<int>(Actor::draft));
}

class OneNode : public Drafter {
 public:
  explicit OneNode(LanguageModel& model) : model_(model) {}
  void draft(Batch batch, std::span<Draft> drafts) override {
    model_.forward({});
    for (std::size_t i = 0; i < batch.size(); ++i) drafts[i].add(0, 1);
  }
  void observe(const Outcome&) override { model_.commit({}); }

 private:
  LanguageModel& model_;
};

class FirstNode : public AcceptanceRule {
 public:
  bool lossless(const Sampling&) const override { return true; }
  void judge(Batch, std::span<const Draft>, const Forward&, std::span<Verdict> verdicts) override {
    for (Verdict& verdict : verdicts) verdict.path = {1};
  }
};

TEST(Metered, DraftersAndRulesAreTheHosts) {
  const Countable prices;
  AnalyticClock clock(prices);
  Scripted model;
  Metered metered(model, draft_actor(0), clock);
  OneNode one(metered);
  MeteredDrafter drafter(one, clock);
  FirstNode first;
  MeteredRule rule(first, clock);
  Sequence sequence;
  Sequence* const running[] = {&sequence, &sequence};
  std::vector<Draft> drafts(2);
  std::vector<Verdict> verdicts(2);
  Forward target;
  target.logits.count = 4;
  drafter.draft(running, drafts);
  rule.judge(running, drafts, target, verdicts);
  drafter.observe({running, drafts, verdicts, target});
  EXPECT_EQ(drafts[1].size(), 2);
  EXPECT_EQ(verdicts[1].path, std::vector<int>{1});
  EXPECT_TRUE(rule.lossless({}));
  const auto charges = clock.settle();
  ASSERT_EQ(charges.size(), 5u);
  EXPECT_EQ(charges[0].work, (Work{.actor = Actor::host, .op = Op::draft, .sequences = 2, .new_tokens = 2}));
  EXPECT_EQ(charges[1].work.actor, draft_actor(0));
  EXPECT_EQ(charges[1].work.op, Op::forward);
  EXPECT_EQ(charges[2].work, (Work{.actor = Actor::host, .op = Op::judge, .sequences = 2, .rows = 4}));
  EXPECT_EQ(charges[3].work, (Work{.actor = Actor::host, .op = Op::draft, .sequences = 2}));
  EXPECT_EQ(charges[4].work.op, Op::commit);
}

}  // namespace
}  // namespace speclab
