// What drafters on a target's features tell their heads, and what they make of the answers, step by step.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "core/decoder.h"
#include "core/models/sources/hashed.h"
#include "core/models/sources/source_model.h"
#include "core/numerics/host_distributions.h"
#include "core/random/counter_rng.h"
#include "experiments/certify/source_heads.h"
#include "strategies/drafters/eagle.h"
#include "strategies/drafters/hydra.h"
#include "strategies/drafters/medusa.h"
#include "strategies/rules/speculative_sampling.h"
#include "strategies/topologies/layered.h"

namespace speclab {
namespace {

using Values = std::vector<float>;
constexpr int kVocab = 5;

Values values(Row row) { return {row.f32().begin(), row.f32().end()}; }

class WitnessedHeads : public SourceHeads {
 public:
  using SourceHeads::SourceHeads;
  void set_hidden(SequenceId sequence, Row hidden) override {
    last[sequence] = values(hidden);
    SourceHeads::set_hidden(sequence, hidden);
  }
  std::map<SequenceId, Values> last;
};

class WitnessedFeatures : public SourceFeatures {
 public:
  using SourceFeatures::SourceFeatures;
  void set_features(SequenceId sequence, Row feature) override {
    told[sequence].push_back(values(feature));
    SourceFeatures::set_features(sequence, feature);
  }
  std::map<SequenceId, std::vector<Values>> told;
};

// Judges as ever, and shows the drafts to a function before.
class Watching : public AcceptanceRule {
 public:
  bool lossless(const Sampling& sampling) const override { return rule_.lossless(sampling); }
  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) override {
    for (std::size_t i = 0; i < batch.size(); ++i) look(*batch[i], drafts[i]);
    rule_.judge(batch, drafts, target, verdicts);
    for (const Verdict& verdict : verdicts) accepted += static_cast<int>(verdict.path.size());
  }
  std::function<void(const Sequence&, const Draft&)> look = [](const Sequence&, const Draft&) {};
  int accepted = 0;

 private:
  SpeculativeSampling rule_;
};

class HeadsDrafterTest : public testing::Test {
 protected:
  // The target's rows of every place, from a model that has seen nothing else.
  std::vector<Values> features(std::span<const Token> text) {
    SourceModel model(target_source_);
    const SequenceId id{0};
    model.open(id);
    const SequenceInput slice{.sequence = id, .text = text, .give = PassOutput::features};
    const Rows rows = model.forward({&slice, 1}).hidden;
    std::vector<Values> all;
    for (int i = 0; i < rows.count; ++i) all.push_back(values(rows[i]));
    return all;
  }
  // Decodes three sequences, one of which starts with a single token; `after` looks at each after every step.
  void decode(Drafter& drafter, const std::function<void(const Sequence&)>& after) {
    SourceModel target(target_source_);
    Decoder decoder(target, drafter, rule_);
    std::vector<Sequence> sequences;
    const std::vector<std::vector<Token>> prompts{{1, 4, 0, 2}, {3}, {2, 2}};
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      sequences.push_back({.id = static_cast<SequenceId>(i),
                           .text = prompts[i],
                           .prompt_length = static_cast<int>(prompts[i].size()),
                           .max_new_tokens = 30,
                           .end_tokens = {},
                           .sampling = {0, 0, 1},
                           .draft_chance = std::make_shared<CounterRng>(5, i, 0),
                           .judge_chance = std::make_shared<CounterRng>(5, i, 1)});
    }
    std::vector<Sequence*> running;
    for (Sequence& sequence : sequences) {
      decoder.admit(sequence);
      if (sequence.text.size() > 1) after(sequence);
      running.push_back(&sequence);
    }
    while (!running.empty()) {
      decoder.step(running);
      std::erase_if(running, [&](Sequence* sequence) {
        if (!sequence->finished()) after(*sequence);
        if (sequence->finished()) decoder.retire(*sequence);
        return sequence->finished();
      });
    }
    EXPECT_GT(rule_.accepted, 0);
  }

  std::shared_ptr<const TokenSource> target_source_ = std::make_shared<const Hashed>(kVocab, 1);
  std::shared_ptr<const TokenSource> head_source_ = std::make_shared<const Hashed>(kVocab, 2);
  HostDistributions distributions_;
  Layered tree_{{3, 2, 1, 1}};
  Watching rule_;
};

TEST_F(HeadsDrafterTest, HeadsReadTheRowBeforeTheRootAndGuessByDepth) {
  for (const bool sequential : {false, true}) {
    WitnessedHeads heads(head_source_);
    std::unique_ptr<Drafter> drafter;
    if (sequential) {
      drafter = std::make_unique<HydraDrafter>(heads, 3, tree_, distributions_, Draw::fixed);
    } else {
      drafter = std::make_unique<MedusaDrafter>(heads, 3, tree_, distributions_);
    }
    EXPECT_TRUE(drafter->reads_features());
    int drafted = 0;
    rule_.look = [&](const Sequence& sequence, const Draft& draft) {
      const TokenTree& tree = draft.tree();
      if (sequence.text.size() == 1) {
        EXPECT_EQ(tree.size(), 1) << "there is no row to guess from";
      }
      for (int node = 0; node < tree.size(); ++node) {
        if (tree.first_child(node) == TokenTree::kNone) continue;
        ++drafted;
        ASSERT_LT(tree.depth(node), 3) << "there are three heads";
        std::vector<Token> after{tree.token(0)};
        for (const int above : tree.path(node)) after.push_back(tree.token(above));
        const DraftHeads::Question question{
            sequence.id, tree.depth(node),
            sequential ? std::span<const Token>(after) : std::span<const Token>()};
        std::vector<Token> children, expected;
        for (int c = tree.first_child(node); c != TokenTree::kNone; c = tree.next_sibling(c)) {
          children.push_back(tree.token(c));
        }
        const Distributions::Pick pick{heads.forward({&question, 1}).logits[0],
                                       static_cast<int>(children.size())};
        distributions_.likeliest({&pick, 1}, expected);
        EXPECT_EQ(children, expected);
        EXPECT_EQ(children.size(), std::vector<std::size_t>({3, 2, 1})[tree.depth(node)]);
      }
    };
    decode(*drafter, [&](const Sequence& sequence) {
      const std::size_t before_root = sequence.text.size() - 1;
      EXPECT_EQ(heads.last.at(sequence.id), features(std::span(sequence.text).first(before_root)).back())
          << sequence.new_tokens() << " new tokens";
    });
    EXPECT_GT(drafted, 50);
  }
}

TEST_F(HeadsDrafterTest, EagleIsToldEveryPlaceBeforeTheRoot) {
  WitnessedFeatures model(head_source_);
  EagleDrafter drafter(model, model, tree_, distributions_, Draw::fixed);
  EXPECT_TRUE(drafter.reads_features());
  rule_.look = [&](const Sequence& sequence, const Draft& draft) {
    EXPECT_EQ(draft.size() == 1, sequence.text.size() == 1 || sequence.new_tokens() == 29);
  };
  decode(drafter, [&](const Sequence& sequence) {
    EXPECT_EQ(model.told.at(sequence.id), features(std::span(sequence.text).first(sequence.text.size() - 1)))
        << sequence.new_tokens() << " new tokens";
  });
}

}  // namespace
}  // namespace speclab
