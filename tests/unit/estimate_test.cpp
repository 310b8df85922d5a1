#include "analysis/estimate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace speclab {
namespace {

TEST(Ratio, MatchesHandCalculation) {
  // Influences on the logarithm, y / 20 - 1 / 5: +-0.05 of two prompts, none of three. Their squares sum to
  // 0.005, times 5 / 4: a standard error of 0.0790569; t = 2.776445 with four degrees of freedom.
  const auto found = ratio({5, 1}, {5, 3, 4, 4, 4}, {2, 2, 2, 2, 2});
  ASSERT_TRUE(found && found->interval);
  EXPECT_DOUBLE_EQ(found->value, 2);
  EXPECT_EQ(found->numerator, 20);
  EXPECT_EQ(found->denominator, 10);
  EXPECT_NEAR(std::log(found->interval->high / 2), 2.776445 * 0.0790569, 1e-6);
  EXPECT_NEAR(std::log(2 / found->interval->low), 2.776445 * 0.0790569, 1e-6);
}

TEST(Ratio, RepeatsThatAgreeChangeNothing) {
  const auto once = ratio({5, 1}, {4, 3, 5, 4, 4}, {2, 2, 3, 2, 2});
  const auto twice = ratio({5, 2}, {4, 4, 3, 3, 5, 5, 4, 4, 4, 4}, {2, 2, 2, 2, 3, 3, 2, 2, 2, 2});
  EXPECT_DOUBLE_EQ(once->value, twice->value);
  EXPECT_NEAR(once->interval->low, twice->interval->low, 1e-12);
}

TEST(Ratio, SaysNothingWhereThereIsNothingToSay) {
  EXPECT_FALSE(ratio({2, 1}, {1, 1}, {0, 0}).has_value());
  EXPECT_FALSE(ratio({2, 1}, {1, std::nan("")}, {1, 1}).has_value());
  EXPECT_FALSE(ratio({2, 1}, {1, 1}, {1, std::nan("")}).has_value());
  EXPECT_FALSE(ratio({1, 3}, {1, 1, 2}, {1, 1, 1})->interval.has_value());
}

TEST(Ratio, HasNoIntervalThatCouldNotBe) {
  EXPECT_FALSE(ratio({4, 1}, {4, 3, 5, 4}, {2, 2, 2, 2})->interval.has_value()) << "four prompts";
  // Far apart, and still a ratio of positive numbers.
  const auto wide = ratio({5, 1}, {1, 1, 1, 1, 50}, {1, 1, 1, 1, 1});
  ASSERT_TRUE(wide && wide->interval);
  EXPECT_GT(wide->interval->low, 0);
  // Two runs that differ more than prompts do: one degree of freedom.
  const Cells apart = {1, 3, 1, 3, 1, 3, 1, 3, 1.1, 3.1}, ones(10, 1);
  EXPECT_FALSE(ratio({5, 2}, apart, ones)->interval.has_value());
  const auto zero = ratio({5, 1}, {0, 0, 0, 0, 0}, {1, 1, 1, 1, 1});
  ASSERT_TRUE(zero && zero->interval);
  EXPECT_EQ(zero->interval->high, 0);
}

TEST(RatioOfRatios, WhatSlowsBothSidesAlikeCancels) {
  const Cells tokens = {10, 10, 10, 10, 10}, slow = {4, 8, 6, 2, 10}, fast = {2, 4, 3, 1, 5};
  const auto found = ratio_of_ratios({5, 1}, slow, tokens, fast, tokens);
  ASSERT_TRUE(found && found->interval);
  EXPECT_DOUBLE_EQ(found->value, 2);
  EXPECT_NEAR(found->interval->high, 2, 1e-9);
  EXPECT_DOUBLE_EQ(found->numerator, 0.6);
}

// 95 % intervals hold the truth in about 95 % of experiments: 2,000 of them, so +-1 % is two deviations.
TEST(Coverage, OfTokensPerStep) {
  std::mt19937_64 random(1);
  const int prompts = 24;
  int held = 0;
  for (int experiment = 0; experiment < 2000; ++experiment) {
    Cells tokens, steps;
    for (int i = 0; i < prompts; ++i) {
      const double agree = std::uniform_real_distribution<double>(0.4, 0.8)(random);
      int sum = 0;
      for (int step = 0; step < 30; ++step) {
        int accepted = 0;
        while (accepted < 3 && std::bernoulli_distribution(agree)(random)) ++accepted;
        sum += accepted + 1;
      }
      tokens.push_back(sum);
      steps.push_back(30);
    }
    // E[1 + a + a^2 + a^3] for a uniform on (0.4, 0.8).
    const double truth = 1 + 0.6 + (0.512 - 0.064) / 1.2 + (0.4096 - 0.0256) / 1.6;
    const auto found = ratio({prompts, 1}, tokens, steps);
    held += found->interval->low <= truth && truth <= found->interval->high ? 1 : 0;
  }
  EXPECT_NEAR(held / 2000.0, 0.95, 0.015);
}

// Prompts differ, moments differ, and single measurements differ.
TEST(Coverage, OfASpeedupUnderDrift) {
  std::mt19937_64 random(2);
  std::normal_distribution<double> normal;
  const int prompts = 20, repeats = 6;
  for (const double drift : {0.0, 0.01, 0.05}) {
    int held = 0, told = 0;
    for (int experiment = 0; experiment < 2000; ++experiment) {
      std::vector<double> plain_drift, method_drift;
      for (int j = 0; j < repeats; ++j) {
        plain_drift.push_back(drift * normal(random));
        method_drift.push_back(drift * normal(random));
      }
      Cells plain, method, tokens;
      for (int i = 0; i < prompts; ++i) {
        const double length = 0.3 * normal(random), luck = 0.1 * normal(random);
        for (int j = 0; j < repeats; ++j) {
          plain.push_back(std::exp(length + plain_drift[j] + 0.02 * normal(random)));
          method.push_back(0.5 * std::exp(length + luck + method_drift[j] + 0.02 * normal(random)));
          tokens.push_back(1);
        }
      }
      const double truth = 2 * std::exp(-0.01 / 2);  // the mean of exp(luck) is exp(0.1^2 / 2)
      const auto found = ratio_of_ratios({prompts, repeats}, plain, tokens, method, tokens);
      if (!found->interval) continue;
      ++told;
      held += found->interval->low <= truth && truth <= found->interval->high ? 1 : 0;
    }
    EXPECT_EQ(told, 2000) << "six runs tell enough";
    EXPECT_NEAR(held / 2000.0, 0.95, 0.025) << "drift " << drift;
  }
}

}  // namespace
}  // namespace speclab
