// A mismatch at a tie of floating point is told from a bug.
#include <gtest/gtest.h>

#include <limits>

#include "core/decoder.h"
#include "core/models/sources/markov.h"
#include "core/models/sources/source_model.h"
#include "core/numerics/argmax.h"
#include "core/numerics/host_distributions.h"
#include "core/random/counter_rng.h"
#include "core/tree_walk.h"
#include "experiments/certify/greedy.h"
#include "strategies/drafters/model.h"
#include "strategies/drafters/none.h"
#include "strategies/rules/greedy.h"
#include "strategies/rules/host_rule.h"
#include "strategies/topologies/chain.h"

namespace speclab {
namespace {

// The likeliest token leads the second by 0.001.
std::shared_ptr<const Markov> close_race() {
  return std::make_shared<const Markov>(std::vector<std::vector<float>>{
      {0, 1, 0.999f, -1}, {0.5f, 0, 2, 1.999f}, {3, -1, 0, 2.999f}, {0, 0.999f, -2, 1}});
}

// A target whose passes over trees are a little off: every second token by `error` logits.
class Imprecise : public SourceModel {
 public:
  Imprecise(std::shared_ptr<const TokenSource> source, float error)
      : SourceModel(std::move(source)), error_(error) {}
  const Forward& forward(std::span<const SequenceInput> batch) override {
    result_ = SourceModel::forward(batch);
    if (batch.front().nodes.empty()) return result_;
    const auto size = static_cast<std::size_t>(result_.logits.count) * static_cast<std::size_t>(vocab());
    rows_.assign(result_.logits.data, result_.logits.data + size);
    for (std::size_t i = 0; i < size; i += 2) rows_[i] += error_;
    result_.logits.data = rows_.data();
    return result_;
  }

 private:
  float error_;
  Forward result_;
  std::vector<float> rows_;
};

// Emits the second likeliest token after an accepted guess.
class Careless : public HostRule {
 public:
  bool lossless(const Sampling&) const override { return true; }

 protected:
  void judge_tree(const Sequence&, const Draft& draft, const Scores& target, Verdict& verdict) override {
    walk(verdict, [&](int node) -> Choice {
      const std::span<const float> logits = target[node];
      if (node == 0) return follow(draft, node, argmax(logits));
      std::vector<float> others(logits.begin(), logits.end());
      others[argmax(logits)] = -std::numeric_limits<float>::infinity();
      return {.instead = argmax(others)};
    });
  }
};

GreedyResult compared(float error, AcceptanceRule& rule, int tokens = 12) {
  Imprecise target(close_race(), error);
  SourceModel draft(close_race());
  HostDistributions distributions;
  Chain chain(2);
  ModelDrafter drafter(draft, chain, distributions, Draw::fixed);
  NoDrafter none;
  Greedy plain_rule;
  const auto decode = [&](Drafter& by, AcceptanceRule& judge, std::span<Sequence> sequences) {
    Decoder decoder(target, by, judge);
    for (Sequence& s : sequences) {
      Sequence* one[] = {&s};
      decoder.admit(s);
      while (!s.finished()) decoder.step(one);
      decoder.retire(s);
    }
  };
  std::vector<Sequence> sequences;
  for (int i = 0; i < 3; ++i) {
    sequences.push_back({.id = SequenceId(i),
                         .text = {i, 1},
                         .prompt_length = 2,
                         .max_new_tokens = tokens,
                         .end_tokens = {},
                         .sampling = {0, 0, 1},
                         .draft_chance = std::make_shared<CounterRng>(1, 0, 0),
                         .judge_chance = std::make_shared<CounterRng>(1, 0, 1)});
  }
  RowReader reader;
  return certify_greedy(
      {.target = target,
       .rule = rule,
       .reader = reader,
       .plainly = [&](std::span<Sequence> s) { decode(none, plain_rule, s); },
       .by_method = [&](std::span<Sequence> s, AcceptanceRule& judge) { decode(drafter, judge, s); }},
      sequences);
}

TEST(CertifyGreedy, FindsEqualTextsEqual) {
  Greedy rule;
  const GreedyResult result = compared(0, rule);
  EXPECT_EQ(result.decision, Decision::lossless);
  EXPECT_EQ(result.prompts, 3);
  EXPECT_EQ(result.tokens, 36);
  EXPECT_TRUE(result.mismatches.empty());
}

TEST(CertifyGreedy, CallsALeadWithinTheNoiseATie) {
  Greedy rule;
  const GreedyResult result = compared(0.01f, rule);
  ASSERT_FALSE(result.mismatches.empty());
  const Mismatch& first = result.mismatches.front();
  EXPECT_NEAR(first.margin, 0.001, 1e-6);
  EXPECT_NEAR(first.noise, 0.01, 1e-6);
  EXPECT_NE(first.plain, first.method);
  EXPECT_TRUE(first.tie());
  EXPECT_EQ(result.decision, Decision::lossless);
}

TEST(CertifyGreedy, CallsAnotherTokenWithoutNoiseABug) {
  Careless rule;
  const GreedyResult result = compared(0, rule);
  ASSERT_EQ(result.mismatches.size(), 3u);
  EXPECT_NEAR(result.mismatches.front().margin, 0.001, 1e-6);
  EXPECT_EQ(result.mismatches.front().noise, 0);
  EXPECT_FALSE(result.mismatches.front().tie());
  EXPECT_EQ(result.decision, Decision::lossy);
}

}  // namespace
}  // namespace speclab
