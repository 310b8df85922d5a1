// The oracle's acceptance is what it was asked for, and its texts are plain decoding's; so are those of a
// model's drafts that it corrects.
#include "strategies/drafters/oracle.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "core/decoder.h"
#include "core/models/sources/hashed.h"
#include "core/models/sources/source_model.h"
#include "core/numerics/host_distributions.h"
#include "strategies/drafters/corrected.h"
#include "strategies/drafters/model.h"
#include "strategies/drafters/none.h"
#include "strategies/rules/speculative_sampling.h"
#include "strategies/topologies/chain.h"
#include "strategies/topologies/layered.h"
#include "tests/support/scripted.h"

namespace speclab {
namespace {

constexpr int kVocab = 16, kTokens = 20'000, kRequests = 2;

std::vector<Sequence> requests() {
  std::vector<Sequence> all;
  for (int i = 0; i < kRequests; ++i) all.push_back(request(i, {1, 2, i}, kTokens));
  return all;
}

std::vector<std::vector<Token>> decode(Drafter& drafter,
                                       const std::function<void(const StepRow&)>& watch = {}) {
  SourceModel target(std::make_shared<const Hashed>(kVocab, 5));
  SpeculativeSampling rule;
  Decoder decoder(target, drafter, rule);
  std::vector<std::vector<Token>> texts;
  for (Sequence& s : requests()) {
    Sequence* batch[] = {&s};
    decoder.admit(s);
    while (!s.finished()) {
      const StepRow row = decoder.step(batch)[0];
      if (watch) watch(row);
    }
    decoder.retire(s);
    texts.emplace_back(s.text.begin() + s.prompt_length, s.text.end());
  }
  return texts;
}

struct Counts {
  std::vector<double> reached, accepted;  // by depth
  double steps = 0, tokens = 0;
};

enum class Drafts { free, of_a_model };

Counts measure(Drafts drafts, Topology& topology, int nodes, int depth, const Agreement& agreement) {
  NoDrafter none;
  const std::vector<std::vector<Token>> plain = decode(none);
  const OracleGuesses guesses(
      {kVocab, [&](SequenceId id) -> std::span<const Token> { return plain[static_cast<std::size_t>(id)]; }},
      agreement, 4);
  SourceModel model(std::make_shared<const Hashed>(kVocab, 77));
  HostDistributions distributions;
  std::unique_ptr<Drafter> oracle = std::make_unique<OracleDrafter>(topology, guesses);
  if (drafts == Drafts::of_a_model) {
    oracle = std::make_unique<CorrectedDrafter>(
        std::make_unique<ModelDrafter>(model, topology, distributions, Draw::without_replacement), guesses);
  }
  Counts counts;
  counts.reached.resize(static_cast<std::size_t>(depth));
  counts.accepted.resize(static_cast<std::size_t>(depth));
  EXPECT_EQ(decode(*oracle,
                   [&](const StepRow& row) {
                     if (row.proposed < nodes) return;  // cut by the length limit
                     ++counts.steps;
                     counts.tokens += row.emitted;
                     for (int d = 0; d < depth && d <= row.accepted; ++d) {
                       ++counts.reached[d];
                       counts.accepted[d] += row.accepted > d ? 1 : 0;
                     }
                   }),
            plain);
  return counts;
}

// Within 3.5 standard deviations of a binomial count: one of 2,000 honest comparisons fails, and these are
// some 60, with fixed seeds.
void expect_rate(double hits, double trials, double p) {
  EXPECT_NEAR(hits, trials * p, 3.5 * std::sqrt(trials * p * (1 - p))) << trials << " trials";
}

class Oracle : public testing::TestWithParam<Drafts> {};
INSTANTIATE_TEST_SUITE_P(Drafts, Oracle, testing::Values(Drafts::free, Drafts::of_a_model),
                         [](const auto& drafts) {
                           return drafts.param == Drafts::free ? "free" : "of_a_model";
                         });

TEST_P(Oracle, AcceptsAsOftenAsAsked) {
  for (const int k : {1, 4, 9}) {
    for (const double a : {0.2, 0.8, 0.95}) {
      Chain chain(k);
      const Counts counts = measure(GetParam(), chain, k, k, {{a}, {}});
      double min = 0;
      for (std::size_t d = 0; d < counts.reached.size(); ++d) {
        expect_rate(counts.accepted[d], counts.reached[d], a);
        min = std::min(min, counts.reached[d]);
      }
      // Leviathan et al. 2023, equation 1; the length of a step has a standard deviation of at most k / 2.
      const double expected = (1 - std::pow(a, k + 1)) / (1 - a);
      EXPECT_NEAR(counts.tokens / counts.steps, expected, 3.5 * 0.5 * k / std::sqrt(counts.steps));
    }
  }
}

TEST_P(Oracle, AcceptsByDepthAndRank) {
  Layered tree({3, 2});
  const Counts counts = measure(GetParam(), tree, 9, 2, {{0.6, 0.3}, {0.5, 0.25}});
  expect_rate(counts.accepted[0], counts.reached[0], 1 - 0.4 * 0.5 * 0.75);
  expect_rate(counts.accepted[1], counts.reached[1], 1 - 0.7 * 0.5);
}

TEST_P(Oracle, IsRightAlwaysOrNever) {
  Chain chain(5);
  const Counts always = measure(GetParam(), chain, 5, 5, {{1}, {}});
  EXPECT_EQ(always.tokens, 6 * always.steps);
  const Counts never = measure(GetParam(), chain, 5, 5, {{0}, {}});
  EXPECT_EQ(never.tokens, never.steps);
}

TEST(FreeOracle, DraftsNothingWhereTheTextHasLeftTheKnownOne) {
  Chain chain(2);
  const std::vector<Token> known{4, 5, 6, 7};
  OracleDrafter oracle(chain,
                       {{kVocab, [&](SequenceId) -> std::span<const Token> { return known; }}, {{1}, {}}, 1});
  const auto drafted = [&](std::vector<Token> written) {
    Sequence s = request(0, {9}, 100);
    s.text.insert(s.text.end(), written.begin(), written.end());
    Draft draft;
    draft.reset(s.text.back());
    Sequence* batch[] = {&s};
    oracle.draft(batch, {&draft, 1});
    return draft;
  };
  EXPECT_EQ(tokens_on(drafted({}).tree(), 2), (std::vector<Token>{4, 5}));
  EXPECT_EQ(tokens_on(drafted({4, 5}).tree(), 2), (std::vector<Token>{6, 7}));
  EXPECT_EQ(drafted({4, 6}).size(), 1);
  EXPECT_EQ(drafted({4, 5, 6, 7}).size(), 1) << "nothing more is known";
  EXPECT_EQ(drafted({4, 5, 6, 7, 8}).size(), 1);
}

// Where siblings are the whole vocabulary, one of them is right, whatever was asked.
TEST(CorrectedDrafter, KeepsSiblingsApart) {
  Layered tree({4, 4});
  const std::vector<Token> known{1, 2, 3};
  SourceModel model(std::make_shared<const Hashed>(4, 7));
  HostDistributions distributions;
  CorrectedDrafter corrected(
      std::make_unique<ModelDrafter>(model, tree, distributions, Draw::without_replacement),
      {{4, [&](SequenceId) -> std::span<const Token> { return known; }}, {{0.5}, {0.2}}, 1});
  Sequence s = request(0, {2}, 100);
  corrected.open(s, {});
  Draft draft;
  draft.reset(s.text.back());
  Sequence* batch[] = {&s};
  corrected.draft(batch, {&draft, 1});
  ASSERT_EQ(draft.size(), 21);
  for (int node = 0; node < 5; ++node) {
    std::set<Token> children;
    for (int at = draft.first_candidate(node); at >= 0; at = draft.next_candidate(at))
      children.insert(draft.tree().token(at));
    EXPECT_EQ(children, (std::set<Token>{0, 1, 2, 3})) << "node " << node;
  }
}

}  // namespace
}  // namespace speclab
