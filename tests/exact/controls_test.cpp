// The exact check rejects every strategy that is broken on purpose, wherever its bug shows.
#include "experiments/certify/controls.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "experiments/certify/scenarios.h"

namespace speclab {

void PrintTo(const Control& control, std::ostream* out) { *out << control.name; }

namespace {

// Enough for most trees; where it stops short, the distance found is a lower bound.
constexpr std::int64_t kOutcomes = 20'000;

bool has(const Scenario& scenario, const ShowsWith& requirements) {
  const int top_k = scenario.sampling.top_k;
  return scenario.sampling.temperature > 0 && (!requirements.batch || scenario.requests.size() > 1) &&
         (!requirements.top_k || (top_k > 0 && top_k < scenario.target->vocab()));
}

class ExactControl : public testing::TestWithParam<Control> {};

TEST_P(ExactControl, IsRejectedInEveryCombinationWhereItShows) {
  const Control& control = GetParam();
  int combinations = 0;
  double min = 1, max = 0;
  for (const Combination& combination : all_combinations()) {
    if (!control.shows_in(combination)) continue;
    double largest = 0;  // over sources: some hide a bug, such as one whose residual is a single token
    for (const Scenario& scenario : exact_scenarios()) {
      if (!has(scenario, control.requirements)) continue;
      const SmallWorld world(combination, scenario.target, scenario.draft, &control);
      EXPECT_TRUE(world.rule().lossless(scenario.sampling)) << "a control claims to be lossless";
      largest = std::max(largest, exact_check(scenario, combination, &control, kOutcomes).distance);
    }
    EXPECT_GT(largest, 1e-3) << combination.name();
    min = std::min(min, largest);
    max = std::max(max, largest);
    ++combinations;
  }
  EXPECT_GE(combinations, 3);
  const auto range = fmt::format("{:.4f} to {:.4f} in {} combinations", min, max, combinations);
  RecordProperty("distance", range);
  fmt::print("{}: {}\n", control.name, range);
}

// What a control is said to need it does need: elsewhere its text is the target's own.
TEST_P(ExactControl, IsLosslessWhereItIsNotSaidToShow) {
  const Control& control = GetParam();
  const Scenario plain = exact_scenarios().front();
  for (const Combination& combination : all_combinations()) {
    if (!control.applies_to(combination)) continue;
    if (control.shows_in(combination) && has(plain, control.requirements)) continue;
    EXPECT_LE(exact_check(plain, combination, &control, kOutcomes).distance, 1e-12) << combination.name();
  }
}

INSTANTIATE_TEST_SUITE_P(Controls, ExactControl,
                         testing::ValuesIn(negative_controls().begin(), negative_controls().end()),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace speclab
