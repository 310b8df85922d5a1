// The drafter that CONTRIBUTING.md shows is compiled from its text, and does what it says.
#include "contributing_example.h"

#include <gtest/gtest.h>

#include "core/decoder.h"
#include "core/models/sources/hashed.h"
#include "core/models/sources/source_model.h"
#include "strategies/rules/target_only.h"
#include "strategies/topologies/chain.h"

namespace speclab {
namespace {

Sequence asked(std::vector<Token> text, int max_new_tokens) {
  Sequence s;
  s.prompt_length = static_cast<int>(text.size());
  s.text = std::move(text);
  s.max_new_tokens = max_new_tokens;
  s.sampling.temperature = 0;
  return s;
}

TEST(ContributingExample, GuessesWhatStoodAPeriodAgo) {
  Chain chain(5);
  PeriodicDrafter drafter(chain, 3);
  Sequence s = asked({7, 1, 2, 3}, 100);
  Sequence* batch[] = {&s};
  Draft draft;
  draft.reset(3);
  drafter.draft(batch, {&draft, 1});
  ASSERT_EQ(draft.size(), 4) << "no more than a period";
  for (int node = 1; node < 4; ++node) EXPECT_EQ(draft.tree().token(node), node);
}

TEST(ContributingExample, ChangesNoText) {
  const auto source = std::make_shared<const Hashed>(5, 3);
  const auto decode = [&](int length) {
    SourceModel target(source);
    Chain chain(length);
    PeriodicDrafter drafter(chain, 4);
    TargetOnly rule;
    Decoder decoder(target, drafter, rule);
    Sequence s = asked({0, 1, 2, 0, 1}, 40);
    Sequence* batch[] = {&s};
    decoder.admit(s);
    while (!s.finished()) decoder.step(batch);
    return s.text;
  };
  EXPECT_EQ(decode(1), decode(4));
}

}  // namespace
}  // namespace speclab
