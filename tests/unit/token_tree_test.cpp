#include "core/token_tree.h"

#include <gtest/gtest.h>

namespace speclab {
namespace {

TEST(TokenTree, AWalkMeetsParentsFirstAndChildrenInTheirOrder) {
  TokenTree tree(7);
  const int a = tree.add(0, 1), b = tree.add(0, 2), a1 = tree.add(a, 3), a2 = tree.add(a, 4);
  EXPECT_EQ(tree.size(), 5);
  EXPECT_EQ(tree.parent(0), TokenTree::kNone);
  EXPECT_EQ(tree.depth(a2), 2);
  EXPECT_EQ(tree.first_child(0), a);
  EXPECT_EQ(tree.next_sibling(a), b);
  EXPECT_EQ(tree.next_sibling(b), TokenTree::kNone);
  EXPECT_EQ(tree.first_child(a), a1);
  EXPECT_EQ(tree.next_sibling(a1), a2);
  EXPECT_EQ(tree.first_child(b), TokenTree::kNone);
  EXPECT_EQ(tree.path(a2), (std::vector<int>{a, a2}));
  EXPECT_TRUE(tree.path(0).empty());
}

TEST(TokenTree, ResetLeavesABareRoot) {
  TokenTree tree(7);
  tree.add(0, 1);
  tree.reset(9);
  EXPECT_EQ(tree.size(), 1);
  EXPECT_EQ(tree.token(0), 9);
  EXPECT_EQ(tree.first_child(0), TokenTree::kNone);
}

}  // namespace
}  // namespace speclab
