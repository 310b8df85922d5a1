// Drafters that learn from their own steps, over texts long enough for what they learned to be drafted again.
#include <gtest/gtest.h>

#include "experiments/certify/exact.h"

namespace speclab {
namespace {

std::shared_ptr<const Markov> random_source(int vocab, std::uint64_t seed) {
  return std::make_shared<const Markov>(Markov::random(vocab, 2, seed));
}

std::vector<Combination> learners() {
  std::vector<Combination> all = all_combinations();
  std::erase_if(all, [](const Combination& c) {
    const bool learns = c.drafter == "suffix" || c.drafter == "lookahead" || c.drafter == "jacobi" ||
                        c.drafter == "ngram" || c.drafter == "oracle";
    return !learns || c.rule != "speculative_sampling" || !c.refusal.empty();
  });
  return all;
}

class LongerTexts : public testing::TestWithParam<Combination> {};

TEST_P(LongerTexts, AreDistributedAsTheTargetsOwn) {
  const Scenario alone{"alone", random_source(2, 31), random_source(2, 32), {1, 0, 1}, {{{0, 1, 1, 0}, 8}}};
  const Scenario batch{
      "batch", random_source(2, 33), random_source(2, 34), {1.3, 0, 1}, {{{0, 1}, 5}, {{1, 1, 0, 1}, 4}}, {}};
  const Scenario three{"three", random_source(3, 35), random_source(3, 36), {0.8, 0, 0.95}, {{{2, 0}, 5}}};
  for (const Scenario& scenario : {alone, batch, three}) {
    const ExactResult result = exact_check(scenario, GetParam());
    EXPECT_TRUE(result.complete) << scenario.name;
    EXPECT_LE(result.distance, 1e-12) << scenario.name;
    EXPECT_GT(result.outcomes, 200) << scenario.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, LongerTexts, testing::ValuesIn(learners()),
                         [](const auto& tested) { return tested.param.name(); });

}  // namespace
}  // namespace speclab
