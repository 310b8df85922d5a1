#include "core/cost/calibrated_cost.h"

#include <gtest/gtest.h>

#include "core/errors.h"

namespace speclab {
namespace {

PassTable table(std::initializer_list<std::pair<int, Seconds>> passes) {
  PassTable made;
  for (const auto& [tokens, seconds] : passes) made.push_back({.new_tokens = tokens, .seconds = seconds});
  return made;
}

Work pass(Actor actor, int new_tokens) {
  return {.actor = actor, .op = Op::forward, .new_tokens = new_tokens};
}

TEST(PassTime, LiesOnTheLinesBetweenTimedPasses) {
  const PassTable timed = table({{2, 1.0}, {4, 2.0}, {8, 2.5}, {16, 4.5}});
  EXPECT_DOUBLE_EQ(pass_time(timed, 2), 1);
  EXPECT_DOUBLE_EQ(pass_time(timed, 3), 1.5);
  EXPECT_DOUBLE_EQ(pass_time(timed, 4), 2);
  EXPECT_DOUBLE_EQ(pass_time(timed, 7), 2.375);
  EXPECT_DOUBLE_EQ(pass_time(timed, 16), 4.5);
}

TEST(PassTime, GoesOnBeyondThem) {
  const PassTable timed = table({{2, 1.0}, {4, 2.0}, {8, 2.5}, {16, 4.5}});
  EXPECT_DOUBLE_EQ(pass_time(timed, 0), 1);
  EXPECT_DOUBLE_EQ(pass_time(timed, 1), 1);
  EXPECT_DOUBLE_EQ(pass_time(timed, 24), 6.5);
  EXPECT_DOUBLE_EQ(pass_time(table({{3, 7.0}}), 100), 7);
}

// Two long passes that were timed the wrong way round would make much longer ones cost less than nothing.
TEST(PassTime, NeverFallsBeyondThem) {
  EXPECT_DOUBLE_EQ(pass_time(table({{48, 2.0}, {64, 1.5}}), 1000), 1.5);
}

TEST(CalibratedCost, PricesEachActorsPassesAndNothingElse) {
  CalibratedCost prices;
  prices.fill(Actor::target, table({{1, 1.0}, {3, 2.0}}));
  prices.fill(Actor::draft, table({{1, 0.25}}));
  EXPECT_DOUBLE_EQ(prices.price(pass(Actor::target, 2)), 1.5);
  EXPECT_DOUBLE_EQ(prices.price(pass(Actor::draft, 2)), 0.25);
  for (const Op op : {Op::commit, Op::truncate, Op::draft, Op::judge, Op::step}) {
    EXPECT_EQ(prices.price({.actor = Actor::target, .op = op, .new_tokens = 2}), 0);
  }
  EXPECT_EQ(prices.price(pass(Actor::host, 2)), 0);
}

TEST(CalibratedCost, KnowsWhomItHasATableOf) {
  CalibratedCost prices;
  EXPECT_TRUE(prices.knows(Actor::draft)) << "it may yet be timed";
  EXPECT_THROW(prices.price(pass(Actor::target, 1)), ImpossiblePoint);
  prices.fill(Actor::target, table({{1, 1.0}}));
  EXPECT_TRUE(prices.knows(Actor::target));
  EXPECT_FALSE(prices.knows(Actor::draft));
  EXPECT_THROW(prices.price(pass(Actor::draft, 1)), ImpossiblePoint);
}

}  // namespace
}  // namespace speclab
