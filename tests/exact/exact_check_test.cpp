// What the exact check says of texts whose distribution is known by hand, and that it sees every way in which
// a batch of texts can be wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/errors.h"
#include "experiments/certify/controls.h"
#include "experiments/certify/scenarios.h"

namespace speclab {
namespace {

std::shared_ptr<const Markov> source(std::vector<std::vector<double>> probabilities) {
  std::vector<std::vector<float>> logits;
  for (const auto& row : probabilities) {
    auto& made = logits.emplace_back();
    for (const double p : row) made.push_back(static_cast<float>(std::log(p)));
  }
  return std::make_shared<const Markov>(std::move(logits));
}

// Two tokens; what follows either is 0 with probability 3/4.
Scenario scenario(std::vector<Scenario::Request> requests, std::vector<Token> end_tokens = {}) {
  const auto target = source({{0.75, 0.25}, {0.75, 0.25}});
  return {"by hand", target, target, {}, std::move(requests), std::move(end_tokens)};
}

// Plain decoding by hand, right unless `zero` is another probability of token 0 than 3/4.
void write(Sequence& s, double zero = 0.75) {
  while (!s.finished()) {
    s.text.push_back(s.judge_chance->categorical(std::vector<double>{zero, 1 - zero}));
  }
}

TEST(ExactCheck, FindsNothingWrongWithPlainDecoding) {
  const Scenario two = scenario({{{0}, 3}, {{1, 1}, 2}}, {1});
  const std::vector<Token> zero{0};
  const double right = exact_probability(*two.target, 0, zero, {});
  const ExactResult result = exact_check(two, [&](std::span<Sequence> batch) {
    for (Sequence& s : batch) write(s, right);
  });
  EXPECT_LE(result.distance, 1e-15);
  EXPECT_NEAR(result.mass, 1, 1e-15);
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(result.outcomes, 4 * 3);  // 1, 01, 001, 000 and 1, 01, 00
}

TEST(ExactCheck, MeasuresTheTotalVariationDistance) {
  const ExactResult one =
      exact_check(scenario({{{0}, 1}}), [](std::span<Sequence> batch) { write(batch[0], 0.65); });
  EXPECT_NEAR(one.distance, 0.1, 1e-7);  // the source's logits are floats
  const ExactResult two =
      exact_check(scenario({{{0}, 2}}), [](std::span<Sequence> batch) { write(batch[0], 0.65); });
  EXPECT_NEAR(two.distance, 0.75 * 0.75 - 0.65 * 0.65, 1e-7);  // the only text that is too rare
}

TEST(ExactCheck, SeesASmallBias) {
  const ExactResult result =
      exact_check(scenario({{{0}, 1}}), [](std::span<Sequence> batch) { write(batch[0], 0.75 + 1e-6); });
  EXPECT_GT(result.distance, 1e-7);
}

TEST(ExactCheck, SeesATextThatGoesOnBehindItsEnd) {
  const ExactResult result = exact_check(scenario({{{0}, 2}}, {1}), [](std::span<Sequence> batch) {
    batch[0].end_tokens.clear();
    write(batch[0]);
    batch[0].end_tokens = {1};
  });
  EXPECT_NEAR(result.distance, 0.25, 1e-7);  // all texts that should have ended at once
}

TEST(ExactCheck, SeesATextBeyondItsLimit) {
  const ExactResult result = exact_check(scenario({{{0}, 2}}), [](std::span<Sequence> batch) {
    write(batch[0]);
    batch[0].text.push_back(0);
  });
  EXPECT_NEAR(result.distance, 1, 1e-12);
}

TEST(ExactCheck, SeesTextsThatAreRightAloneAndNotTogether) {
  const ExactResult result = exact_check(scenario({{{0}, 1}, {{0}, 1}}), [](std::span<Sequence> batch) {
    write(batch[0]);
    batch[1].text = batch[0].text;
  });
  EXPECT_NEAR(result.distance, 2 * 0.75 * 0.25, 1e-7);  // the two texts that differ never come
}

TEST(ExactCheck, SeesTextsThatWereSwapped) {
  const Scenario two{"by hand", source({{0.75, 0.25}, {0.5, 0.5}}), nullptr, {}, {{{0}, 1}, {{1}, 1}}, {}};
  const ExactResult result = exact_check(two, [](std::span<Sequence> batch) {
    write(batch[0], 0.5);
    write(batch[1], 0.75);
  });
  EXPECT_NEAR(result.distance, 0.75 * 0.5 - 0.5 * 0.25, 1e-7);
}

TEST(ExactCheck, SaysWhatItCoveredWhereABoundStopsIt) {
  const Scenario plain = exact_scenarios().front();
  const Combination chain{"model", "chain", "speculative_sampling", {}, {{"length", 2}}};
  const ExactResult all = exact_check(plain, chain), some = exact_check(plain, chain, nullptr, 100);
  EXPECT_TRUE(all.complete);
  EXPECT_EQ(all.at_most(), all.distance);
  EXPECT_FALSE(some.complete);
  EXPECT_EQ(some.outcomes, 100);
  EXPECT_LT(some.mass, 0.999);
  EXPECT_LE(some.distance, 1e-12) << "what was not looked at is not held against it";
  EXPECT_NEAR(some.at_most(), 1 - some.mass, 1e-12);
  EXPECT_TRUE(exact_check(plain, chain, nullptr, all.outcomes).complete);
}

TEST(ExactCheck, ABoundLeavesALowerBoundOfTheDistance) {
  const Scenario plain = exact_scenarios().front();
  const Combination chain{"model", "chain", "speculative_sampling", {}, {{"length", 2}}};
  const Control& control = find_control("no_residual");
  const ExactResult all = exact_check(plain, chain, &control);
  const ExactResult some = exact_check(plain, chain, &control, all.outcomes * 3 / 4);
  EXPECT_FALSE(some.complete);
  EXPECT_GT(some.distance, 1e-3);
  EXPECT_LE(some.distance, all.distance);
  EXPECT_GE(some.at_most(), all.distance);
}

TEST(SmallWorld, SaysWhyItCannotBeMade) {
  const Combination unknown{"model", "chain", "no_such_rule"};
  const auto random = std::make_shared<const Markov>(Markov::random(3, 4, 1));
  EXPECT_THROW(SmallWorld(unknown, random, random), ConfigError);
}

TEST(AllCombinations, HoldEveryEntryOfTheRegistry) {
  const std::vector<Combination> all = all_combinations();
  const auto held = [&](std::string Combination::*slot, std::string_view name) {
    return std::ranges::any_of(all, [&](const Combination& c) { return c.*slot == name; });
  };
  for (const auto& entry : drafters()) EXPECT_TRUE(held(&Combination::drafter, entry.name)) << entry.name;
  for (const auto& entry : topologies()) EXPECT_TRUE(held(&Combination::topology, entry.name)) << entry.name;
  for (const auto& entry : rules()) EXPECT_TRUE(held(&Combination::rule, entry.name)) << entry.name;
}

TEST(Controls, AreFoundByName) {
  EXPECT_EQ(find_control("wrong_row").name, "wrong_row");
  EXPECT_THROW(find_control("wrong_raw"), ConfigError);
}

}  // namespace
}  // namespace speclab
