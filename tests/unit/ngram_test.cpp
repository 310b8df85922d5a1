#include "strategies/drafters/ngram.h"

#include <gtest/gtest.h>

#include "strategies/topologies/chain.h"
#include "strategies/topologies/layered.h"
#include "strategies/topologies/paths.h"

namespace speclab {
namespace {

Draft drafted(Topology& topology, std::vector<Token> text, int max_new = 100, int max_ngram = 3,
              int min_ngram = 1) {
  Sequence s{.id = SequenceId(0),
             .text = std::move(text),
             .prompt_length = 0,
             .max_new_tokens = 0,
             .end_tokens = {},
             .sampling = {},
             .draft_chance = nullptr,
             .judge_chance = nullptr};
  s.prompt_length = static_cast<int>(s.text.size());
  s.max_new_tokens = max_new;
  NgramDrafter drafter(topology, max_ngram, min_ngram, 8);
  std::vector<Draft> drafts(1);
  drafts[0].reset(s.text.back());
  Sequence* batch[] = {&s};
  drafter.draft(batch, drafts);
  return drafts[0];
}

std::vector<Token> chain_of(const Draft& draft) {
  std::vector<Token> tokens;
  for (int node = 1; node < draft.size(); ++node) tokens.push_back(draft.tree().token(node));
  return tokens;
}

TEST(Ngram, CopiesWhatFollowedTheLongestMatch) {
  Chain chain(3);
  //                             1 2 3 -> 4 5; later only "3" -> 9
  EXPECT_EQ(chain_of(drafted(chain, {1, 2, 3, 4, 5, 3, 9, 1, 2, 3})), (std::vector<Token>{4, 5, 3}));
}

TEST(Ngram, OfEqualMatchesTakesTheLatest) {
  Chain chain(1);
  EXPECT_EQ(chain_of(drafted(chain, {7, 1, 7, 2, 7})), (std::vector<Token>{2}));
}

TEST(Ngram, LeavesABareRootWhereNothingMatches) {
  Chain chain(4);
  EXPECT_EQ(drafted(chain, {1, 2, 3, 4}).size(), 1);
  EXPECT_EQ(drafted(chain, {5}).size(), 1);
  EXPECT_EQ(drafted(chain, {7, 1, 7, 2, 7}, 100, 3, 2).size(), 1) << "one token is too short a match";
}

TEST(Ngram, StopsAtTheEndOfTheText) {
  Chain chain(8);
  EXPECT_EQ(chain_of(drafted(chain, {1, 2, 1})), (std::vector<Token>{2, 1}));
}

TEST(Ngram, OtherPlacesBecomeSiblings) {
  Layered tree({2, 1});
  const Draft draft = drafted(tree, {7, 1, 5, 7, 2, 6, 7});
  ASSERT_EQ(draft.size(), 5);
  EXPECT_EQ(draft.tree().token(1), 2);  // the latest first
  EXPECT_EQ(draft.tree().token(2), 1);
  EXPECT_EQ(draft.tree().token(draft.tree().first_child(1)), 6);
  EXPECT_EQ(draft.tree().token(draft.tree().first_child(2)), 5);
}

TEST(Ngram, DraftsNoDeeperThanCanBeUsed) {
  Chain chain(8);
  EXPECT_EQ(drafted(chain, {1, 2, 3, 4, 5, 1}, 3).size(), 3) << "two accepted and one more make three";
  EXPECT_EQ(drafted(chain, {1, 2, 3, 4, 5, 1}, 1).size(), 1);
}

TEST(Paths, RefusesWhatIsNoTree) {
  const auto refused = [](std::vector<std::vector<int>> paths, const std::string& fragment) {
    try {
      Paths{paths};
      ADD_FAILURE();
    } catch (const std::exception& e) {
      EXPECT_NE(std::string(e.what()).find(fragment), std::string::npos) << e.what();
    }
  };
  refused({{0}, {1, 0}}, "[1, 0] lacks its parent [1]");
  refused({{0}, {2}}, "[2] lacks its elder sibling of rank 1");
  refused({{0}, {0}}, "stands twice");
  refused({{}}, "is the root");
}

TEST(Paths, ChainAndLayeredAreLists) {
  const std::vector<Token> text{7, 1, 5, 7, 2, 6, 7};
  Layered layered({2, 1});
  Paths listed({{0}, {1}, {0, 0}, {1, 0}});
  const Draft a = drafted(layered, text), b = drafted(listed, text);
  ASSERT_EQ(a.size(), b.size());
  for (int node = 1; node < a.size(); ++node) {
    EXPECT_EQ(a.tree().token(node), b.tree().token(node));
    EXPECT_EQ(a.tree().parent(node), b.tree().parent(node));
  }
}

}  // namespace
}  // namespace speclab
