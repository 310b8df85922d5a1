// Every outcome of the production code on small sources, against the target's product of conditionals.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/errors.h"
#include "tests/support/combination_names.h"

namespace speclab {

namespace {

class Exact : public testing::TestWithParam<Combination> {};

TEST_P(Exact, ARuleIsAsLosslessAsItSays) {
  const Combination& combination = GetParam();
  if (!combination.refusal.empty()) GTEST_SKIP() << "no small instance: " << combination.refusal;
  double lossy = -1;  // the largest distance where the rule says it is not lossless
  for (const Scenario& scenario : exact_scenarios()) {
    SCOPED_TRACE(scenario.name);
    try {
      const SmallWorld world(combination, scenario.target, scenario.draft);
      const ExactResult result = exact_check(scenario, combination);
      RecordProperty(scenario.name, fmt::format("distance {:.3g}, {} outcomes of mass {:.15g}",
                                                result.distance, result.outcomes, result.mass));
      if (result.complete) {
        EXPECT_NEAR(result.mass, 1, 1e-12);
      }
      if (world.rule().lossless(scenario.sampling)) {
        EXPECT_LE(result.distance, scenario.sampling.temperature == 0 ? 0 : 1e-12);
        EXPECT_TRUE(result.complete) << "only " << result.mass << " of the probability was seen";
      } else {
        lossy = std::max(lossy, result.distance);
      }
    } catch (const ConfigError& refusal) {
      RecordProperty(scenario.name, fmt::format("impossible: {}", refusal.what()));
    }
  }
  if (lossy < 0 || combination.drafter == "none") return;  // some are lossy by what they accept alone
  fmt::print("lossy: distance up to {:.3g}\n", lossy);
  EXPECT_GT(lossy, 1e-3) << "a rule that says it is lossy ought to be seen to be";
}

INSTANTIATE_TEST_SUITE_P(Registry, Exact, testing::ValuesIn(all_combinations()),
                         [](const auto& tested) { return tested.param.name(); });

TEST(ExactScenarios, HoldEverySettingThatARuleMayGetWrong) {
  bool top_k = false, top_p = false, temperature = false, unequal_batch = false, end = false, greedy = false;
  int min = 100, max = 0;
  for (const Scenario& s : exact_scenarios()) {
    top_k |= s.sampling.top_k > 0 && s.sampling.top_k < s.target->vocab();
    top_p |= s.sampling.top_p < 1;
    temperature |= s.sampling.temperature > 0 && s.sampling.temperature != 1;
    greedy |= s.sampling.temperature == 0;
    unequal_batch |= s.requests.size() == 2 && s.requests[0].tokens != s.requests[1].tokens &&
                     s.requests[0].prompt.size() != s.requests[1].prompt.size();
    end |= !s.end_tokens.empty();
    min = std::min(min, s.target->vocab());
    max = std::max(max, s.target->vocab());
  }
  EXPECT_TRUE(top_k && top_p && temperature && unequal_batch && end && greedy);
  EXPECT_EQ(min, 2);
  EXPECT_EQ(max, 6);
}

}  // namespace
}  // namespace speclab
