// Joint distribution of three tokens against exact probabilities, where enumeration cannot reach: a larger
// vocabulary, batches of unequal progress, top-k and top-p.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/random/counter_rng.h"
#include "experiments/certify/controls.h"
#include "experiments/certify/small_world.h"
#include "tests/support/chi_square.h"
#include "tests/support/combination_names.h"

namespace speclab {
namespace {

constexpr int kVocab = 5, kTokens = 3, kSequences = 40'000;
const std::vector<Token> kPrompt{0, 1, 2, 0, 1};

ChiSquare joint_test(SmallWorld& world, const Markov& target, const Sampling& sampling, std::size_t batch) {
  std::vector<Sequence> all;
  for (int i = 0; i < kSequences; ++i) {
    const auto id = static_cast<std::uint64_t>(i);
    all.push_back({.id = SequenceId(i),
                   .text = kPrompt,
                   .prompt_length = static_cast<int>(kPrompt.size()),
                   .max_new_tokens = kTokens + i % 3,  // mates end at different steps
                   .end_tokens = {},
                   .sampling = sampling,
                   .draft_chance = std::make_shared<CounterRng>(7, id, 0),
                   .judge_chance = std::make_shared<CounterRng>(7, id, 1)});
  }
  for (std::size_t from = 0; from < all.size(); from += batch) {
    world.decode(std::span(all).subspan(from, std::min(batch, all.size() - from)));
  }
  constexpr int kCells = kVocab * kVocab * kVocab;
  std::vector<double> counts(kCells), expected(kCells);
  const auto cell = [](const Token* t) {
    return static_cast<std::size_t>((t[0] * kVocab + t[1]) * kVocab + t[2]);
  };
  for (const Sequence& s : all) ++counts[cell(s.text.data() + s.prompt_length)];
  for (int code = 0; code < kCells; ++code) {
    const std::vector<Token> text{code / (kVocab * kVocab), code / kVocab % kVocab, code % kVocab};
    expected[cell(text.data())] = kSequences * exact_probability(target, kPrompt.back(), text, sampling);
  }
  for (int code = 0; code < kCells; ++code) {
    if (expected[code] == 0) {
      EXPECT_EQ(counts[code], 0) << "a text that cannot be";
    }
  }
  return chi_square(counts, expected);
}

std::shared_ptr<const Markov> table(std::uint64_t seed) {
  return std::make_shared<const Markov>(Markov::random(kVocab, 4, seed));
}

// Every drafter, topology and rule, one of the three at a time in place of a draft model's tree judged by
// speculative sampling: the exact test has all that go together.
std::vector<Combination> lossless_combinations() {
  std::vector<Combination> all = all_combinations();
  std::erase_if(all, [](const Combination& c) {
    const int usual = (c.drafter == "model" ? 1 : 0) + (c.topology == "layered" ? 1 : 0) +
                      (c.rule == "speculative_sampling" ? 1 : 0);
    return usual < 2 || !c.refusal.empty() || !SmallWorld(c, table(21), table(22)).rule().lossless({});
  });
  return all;
}

// Šidák: with m tests at this level each, a family that is all true fails with probability 1e-6.
double level(std::size_t tests) { return 1 - std::pow(1 - 1e-6, 1.0 / static_cast<double>(tests)); }

class Joint : public testing::TestWithParam<Combination> {};

TEST_P(Joint, TriplesFollowTheTarget) {
  const std::size_t family = 3 * lossless_combinations().size();
  const auto target = table(21), draft = table(22);
  for (const auto& [sampling, batch] :
       {std::pair<Sampling, std::size_t>{{1, 0, 1}, 1}, {{0.7, 4, 1}, 7}, {{1.2, 0, 0.9}, 16}}) {
    SmallWorld world(GetParam(), target, draft);
    const ChiSquare test = joint_test(world, *target, sampling, batch);
    EXPECT_GT(test.p_value, level(family)) << "chi-square " << test.statistic << " with " << test.degrees;
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, Joint, testing::ValuesIn(lossless_combinations()),
                         [](const auto& tested) { return tested.param.name(); });

class JointControl : public testing::TestWithParam<std::string> {};

TEST_P(JointControl, IsCaughtInEveryCombinationWhereItShows) {
  const Control& control = find_control(GetParam());
  for (const Combination& c : lossless_combinations()) {
    if (!control.shows_in(c)) continue;
    double smallest = 1;  // over sources: some hide a bug, such as one whose residual is a single token
    for (std::uint64_t seed = 21; seed < 29 && smallest > 1e-12; ++seed) {
      const auto target = table(seed), draft = table(seed + 100);
      SmallWorld world(c, target, draft, &control);
      smallest = std::min(smallest, joint_test(world, *target, {1, 0, 1}, 8).p_value);
    }
    EXPECT_LT(smallest, 1e-12) << c.name();
  }
}

INSTANTIATE_TEST_SUITE_P(Controls, JointControl,
                         testing::Values("no_residual", "swapped_ratio", "q_not_reduced", "wrong_row"),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace speclab
