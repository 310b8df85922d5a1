// Topologies that look at drafts, on batches in which what they look at decides; and the same ones broken on
// purpose, so that guesses stay or go for what they are.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/models/sources/source_model.h"
#include "core/numerics/host_distributions.h"
#include "experiments/certify/scenarios.h"
#include "strategies/drafters/model.h"
#include "strategies/rules/speculative_sampling.h"
#include "strategies/topologies/best_first.h"
#include "strategies/topologies/budgeted.h"
#include "strategies/topologies/confident.h"
#include "strategies/topologies/path_probability.h"

namespace speclab {
namespace {

double distance(Topology& topology, Draw draw, const Scenario& scenario) {
  SourceModel target(scenario.target), draft(scenario.draft);
  HostDistributions distributions;
  ModelDrafter drafter(draft, topology, distributions, draw);
  SpeculativeSampling rule;
  Decoder decoder(target, drafter, rule);
  std::vector<Sequence*> running;
  const ExactResult result = exact_check(
      scenario,
      [&](std::span<Sequence> sequences) {
        running.clear();
        for (Sequence& s : sequences) {
          decoder.admit(s);
          running.push_back(&s);
        }
        while (!running.empty()) {
          decoder.step(running);
          std::erase_if(running, [&](Sequence* s) {
            if (s->finished()) decoder.retire(*s);
            return s->finished();
          });
        }
      },
      std::int64_t{1} << 40);
  EXPECT_TRUE(result.complete);
  return result.distance;
}

std::shared_ptr<const Markov> source(int vocab, std::uint64_t seed) {
  return std::make_shared<const Markov>(Markov::random(vocab, 4, seed));
}

Scenario one() { return {"one", source(3, 11), source(3, 12), {1, 0, 1}, {{{0, 1, 2}, 3}}}; }
// Both could use two guesses; which paths are likelier decides who gets them.
Scenario two() { return {"two", source(2, 17), source(2, 18), {1, 0, 1}, {{{0, 1}, 3}, {{1, 0, 0}, 3}}}; }

// Keeps the guesses whose own path is likeliest.
class BudgetedByOwn : public Chain {
 public:
  BudgetedByOwn() : Chain(2) {}
  void prune(Batch, std::span<Draft> drafts) override {
    struct Candidate {
      double value;
      std::size_t draft, node;
    };
    std::vector<Candidate> all;
    std::vector<std::vector<bool>> kept;
    for (std::size_t i = 0; i < drafts.size(); ++i) {
      std::vector<double> value;
      path_probabilities(drafts[i], value);
      for (std::size_t n = 1; n < value.size(); ++n) all.push_back({value[n], i, n});
      kept.emplace_back(value.size(), false)[0] = true;
    }
    std::ranges::stable_sort(all, [](const Candidate& a, const Candidate& b) { return a.value > b.value; });
    for (std::size_t k = 0; k < std::min<std::size_t>(3, all.size()); ++k)
      kept[all[k].draft][all[k].node] = true;
    for (std::size_t i = 0; i < drafts.size(); ++i) drafts[i].prune(kept[i]);
  }
  bool reads_confidence() const override { return true; }
};

// Drops the guess that fell below the threshold.
class ConfidentDropping : public Chain {
 public:
  ConfidentDropping() : Chain(2) {}
  void prune(Batch, std::span<Draft> drafts) override {
    for (Draft& draft : drafts) {
      std::vector<bool> kept(static_cast<std::size_t>(draft.size()));
      for (int node = 0; node < draft.size() && (node == 0 || draft.confidence(node) >= 0.5); ++node)
        kept[node] = true;
      draft.prune(kept);
    }
  }
  bool reads_confidence() const override { return true; }
};

TEST(Budgeted, IsLosslessForABatchTogether) {
  for (const int budget : {1, 2, 3, 4}) {
    Budgeted topology(2, budget);
    for (const Draw draw : {Draw::without_replacement, Draw::independent, Draw::fixed}) {
      EXPECT_LE(distance(topology, draw, two()), 1e-12) << budget;
    }
  }
}

TEST(Budgeted, IsLossyWhereANodeRanksByItsOwnToken) {
  BudgetedByOwn broken;
  EXPECT_GT(distance(broken, Draw::without_replacement, two()), 1e-3);
  EXPECT_LE(distance(broken, Draw::fixed, two()), 1e-12)
      << "guesses that are certain may go for what they are";
}

TEST(Confident, IsLosslessBecauseTheLastGuessStays) {
  for (const auto measure : {Confident::Measure::token, Confident::Measure::path}) {
    Confident topology(2, 0.5, measure);
    EXPECT_LE(distance(topology, Draw::without_replacement, one()), 1e-12);
    EXPECT_LE(distance(topology, Draw::without_replacement, two()), 1e-12);
  }
  ConfidentDropping broken;
  EXPECT_GT(distance(broken, Draw::without_replacement, one()), 1e-3);
  EXPECT_LE(distance(broken, Draw::fixed, one()), 1e-12);
}

TEST(BestFirst, IsLossyWithDrawnGuesses) {
  for (const int nodes : {1, 3}) {
    BestFirst topology(nodes, 2, 2);
    EXPECT_LE(distance(topology, Draw::fixed, one()), 1e-12);
    EXPECT_LE(distance(topology, Draw::fixed, two()), 1e-12);
    EXPECT_GT(distance(topology, Draw::without_replacement, one()), 1e-3) << "which is why they are refused";
  }
}

}  // namespace
}  // namespace speclab
