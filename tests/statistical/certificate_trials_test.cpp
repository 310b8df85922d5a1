// Certificates at the default number of tokens: controls are found out, the correct rule is not. The full
// experiments are configs/certify_controls.toml and certify_level.toml; their tables are in
// results/reference.
#include <gtest/gtest.h>

#include "experiments/certify/controls.h"
#include "experiments/certify/trials.h"

namespace speclab {
namespace {

class FindsOut : public testing::TestWithParam<std::string> {};

TEST_P(FindsOut, TheControl) {
  TrialOptions options;
  options.control = GetParam();
  options.seeds = 3;
  EXPECT_EQ(run_trials(options).lossy, 3);
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Control& control : negative_controls()) all.emplace_back(control.name);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Controls, FindsOut, testing::ValuesIn(names()),
                         [](const auto& tested) { return tested.param; });

// Twenty certificates, looked at once and again and again: a false alarm with probability 1e-6 in all.
TEST(Trials, CallTheCorrectRuleLossless) {
  for (const bool until_decided : {false, true}) {
    TrialOptions options;
    options.seeds = 10;
    options.until_decided = until_decided;
    options.certificate.level = 1e-6 / 20;
    const TrialOutcome outcome = run_trials(options);
    EXPECT_EQ(outcome.lossy, 0);
    EXPECT_EQ(outcome.undecided, 0);
    EXPECT_EQ(outcome.tokens < 10 * options.tokens, until_decided);
  }
}

TEST(Trials, DoNotDependOnTheNumberOfThreads) {
  TrialOptions options;
  options.control = "resample_same_p";
  options.tokens = 5000;
  options.seeds = 12;
  const TrialOutcome one = run_trials(options);
  options.jobs = 3;
  const TrialOutcome three = run_trials(options);
  EXPECT_EQ(one.lossy, three.lossy);
  EXPECT_EQ(one.tokens, three.tokens);
}

}  // namespace
}  // namespace speclab
