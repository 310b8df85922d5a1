// What every registered drafter owes the decoder.
#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "core/random/counter_rng.h"
#include "core/rule_decorator.h"
#include "experiments/certify/small_world.h"
#include "tests/support/combination_names.h"
#include "tests/support/scripted.h"

namespace speclab {
namespace {

using Node = std::tuple<Token, int, bool>;  // token, parent, probe
using Drafts = std::map<SequenceId, std::vector<std::vector<Node>>>;

class Watching : public RuleDecorator {
 public:
  explicit Watching(AcceptanceRule& inner) : RuleDecorator(inner) {}
  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      auto& nodes = seen[batch[i]->id].emplace_back();
      const Draft& draft = drafts[i];
      for (int node = 1; node < draft.size(); ++node) {
        const int parent = draft.tree().parent(node);
        nodes.emplace_back(draft.tree().token(node), parent, draft.probe(node));
        EXPECT_LT(parent, node);
        EXPECT_TRUE(draft.probe(node) || !draft.probe(parent)) << "a guess below a probe";
        const int max = batch[i]->max_new_tokens - batch[i]->new_tokens() - 1;
        EXPECT_LE(draft.tree().depth(node), max) << "no deeper than can lengthen the text";
      }
    }
    inner_.judge(batch, drafts, target, verdicts);
  }
  Drafts seen;
};

// What is drafted for a sequence depends on its mates: one budget, or one length, for all.
bool decides_for_a_batch(const Combination& c) {
  return c.topology == "budgeted" || c.topology == "adaptive";
}

class DrafterConformance : public testing::TestWithParam<Combination> {};

TEST_P(DrafterConformance, ABatchIsItsSequencesOneByOne) {
  if (!GetParam().refusal.empty()) GTEST_SKIP() << GetParam().refusal;
  const auto target = std::make_shared<const Markov>(Markov::random(4, 3, 1));
  const auto draft = std::make_shared<const Markov>(Markov::random(4, 3, 2));
  const std::vector<std::vector<Token>> prompts{{0, 1, 2, 0, 1}, {3}, {1, 1, 1}, {2, 0, 3, 2, 0}};
  for (const double temperature : {0.0, 1.0}) {
    const auto requests = [&] {
      std::vector<Sequence> all;
      for (std::size_t i = 0; i < prompts.size(); ++i) {
        all.push_back(
            request(static_cast<int>(i), prompts[i], 12 + 5 * static_cast<int>(i % 3), temperature));
      }
      return all;
    };
    SmallWorld together(GetParam(), target, draft);
    Watching all_of_them(together.rule());
    together.judge_by(all_of_them);
    std::vector<Sequence> batch = requests();
    together.decode(batch);
    const Drafts first = all_of_them.seen;
    // The same world again, ids and all: nothing is left of the sequences before.
    all_of_them.seen.clear();
    std::vector<Sequence> again = requests();
    together.decode(again);
    EXPECT_EQ(all_of_them.seen, first);
    if (decides_for_a_batch(GetParam())) continue;

    Drafts alone;
    std::vector<Sequence> singles = requests();
    for (Sequence& one : singles) {
      SmallWorld world(GetParam(), target, draft);
      Watching watching(world.rule());
      world.judge_by(watching);
      world.decode({&one, 1});
      alone.merge(watching.seen);
    }
    EXPECT_EQ(alone, first);
    for (std::size_t i = 0; i < batch.size(); ++i) EXPECT_EQ(batch[i].text, singles[i].text);
  }
}

// One rule is as good as another here.
std::vector<Combination> drafters_and_topologies() {
  std::vector<Combination> all = all_combinations();
  std::erase_if(all, [](const Combination& c) { return c.rule != "speculative_sampling"; });
  return all;
}

INSTANTIATE_TEST_SUITE_P(Registry, DrafterConformance, testing::ValuesIn(drafters_and_topologies()),
                         [](const auto& tested) { return tested.param.name(); });

}  // namespace
}  // namespace speclab
