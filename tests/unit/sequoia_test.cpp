// The search for trees against all trees, one by one, and against closed forms.
#include "strategies/topologies/sequoia.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "core/cost/constant_cost.h"
#include "core/random/counter_rng.h"
#include "strategies/topologies/paths.h"

namespace speclab {
namespace {

const std::vector<double> kPublished{.634, .108, .057, .022};  // Sequoia's repository, of an unnamed pair

// Calls `visit` with every tree of at most `nodes` guesses, `depth` levels and `ranks` children: each once.
void every_tree(int nodes, int depth, int ranks, const std::function<void(const RankPaths&)>& visit) {
  RankPaths tree;
  const auto has = [&](const std::vector<int>& path) {
    return path.empty() || std::ranges::find(tree, path) != tree.end();
  };
  const std::function<void()> grow = [&] {
    visit(tree);
    if (static_cast<int>(tree.size()) == nodes) return;
    RankPaths parents = tree;
    parents.insert(parents.begin(), std::vector<int>{});
    for (const std::vector<int>& parent : parents) {
      if (static_cast<int>(parent.size()) == depth) continue;
      for (int rank = 0; rank < ranks; ++rank) {
        std::vector<int> path = parent, elder = parent;
        path.push_back(rank);
        elder.push_back(rank - 1);
        // In ascending order, so that each tree comes up once.
        if (has(path) || (rank > 0 && !has(elder)) || (!tree.empty() && path < tree.back())) continue;
        tree.push_back(path);
        grow();
        tree.pop_back();
      }
    }
  };
  grow();
}

TEST(ExpectedTokens, HasClosedForms) {
  RankPaths chain, path_of_seconds;
  for (int k = 1; k <= 6; ++k) {
    chain.emplace_back(static_cast<std::size_t>(k), 0);
    EXPECT_NEAR(expected_tokens(chain, {{0.7}}), (1 - std::pow(0.7, k + 1)) / (1 - 0.7), 1e-12);
  }
  EXPECT_NEAR(expected_tokens({{0}, {1}, {2}, {3}}, {kPublished}), 1 + .634 + .108 + .057 + .022, 1e-12);
  // A complete tree of width 4: 1 + s + s^2 + s^3, s = .821.
  RankPaths complete;
  for (int a = 0; a < 4; ++a) {
    complete.push_back({a});
    for (int b = 0; b < 4; ++b) {
      complete.push_back({a, b});
      for (int c = 0; c < 4; ++c) complete.push_back({a, b, c});
    }
  }
  EXPECT_NEAR(expected_tokens(complete, {kPublished}), (1 - std::pow(.821, 4)) / (1 - .821), 1e-12);
  EXPECT_NEAR(expected_tokens({{0}, {0, 1}}, {{0.5}, {0.4, 0.3}}), 1 + 0.5 + 0.5 * 0.3, 1e-15) << "by depth";
  EXPECT_EQ(expected_tokens({}, {kPublished}), 1);
  EXPECT_EQ(expected_tokens({{7}}, {kPublished}), 1) << "a rank that is never accepted";
}

TEST(SequoiaSearch, FindsTheBestOfAllTrees) {
  std::vector<std::vector<double>> vectors{kPublished,      {0.5, 0.5}, {1},
                                           {0.2, 0.6, 0.1}, {0, 0.9},   {0.3, 0, 0.7}};
  for (std::uint64_t seed = 0; seed < 6; ++seed) {  // in no order
    std::vector<double>& random = vectors.emplace_back();
    for (std::uint64_t r = 0; r < 3; ++r) random.push_back(unit_interval(mix64(seed * 31 + r)) / 3);
  }
  int trees = 0;
  for (const std::vector<double>& acceptance : vectors) {
    const SequoiaSearch search(acceptance, 6, 4);
    std::vector<std::vector<double>> best(7, std::vector<double>(5, 0));
    every_tree(6, 4, static_cast<int>(acceptance.size()), [&](const RankPaths& tree) {
      std::size_t depth = 0;
      for (const std::vector<int>& path : tree) depth = std::max(depth, path.size());
      const double value = expected_tokens(tree, {acceptance});
      for (std::size_t n = tree.size(); n <= 6; ++n) {
        for (std::size_t d = depth; d <= 4; ++d) best[n][d] = std::max(best[n][d], value);
      }
      ++trees;
    });
    for (int n = 0; n <= 6; ++n) {
      for (int d = 0; d <= 4; ++d) {
        EXPECT_NEAR(search.expected(n, d), best[n][d], 1e-12);
        const RankPaths tree = search.tree(n, d);
        EXPECT_NEAR(expected_tokens(tree, {acceptance}), search.expected(n, d), 1e-12);
        EXPECT_LE(static_cast<int>(tree.size()), n);
        for (const std::vector<int>& path : tree) EXPECT_LE(static_cast<int>(path.size()), d);
        EXPECT_NO_THROW(Paths{tree});
      }
    }
  }
  EXPECT_GT(trees, 1000);
}

// Where acceptance falls with rank, the best tree is the n likeliest paths, whatever their shape.
TEST(SequoiaSearch, IsGreedyWhereAcceptanceFalls) {
  const int nodes = 63, depth = 8;
  const SequoiaSearch search(kPublished, nodes, depth);
  std::vector<double> level{1}, all;
  for (int d = 0; d < depth; ++d) {
    std::vector<double> next;
    for (const double value : level) {
      for (const double a : kPublished) next.push_back(value * a);
    }
    std::ranges::sort(next, std::greater<>());
    if (next.size() > 200) next.resize(200);  // what falls out has 200 better ones
    all.insert(all.end(), next.begin(), next.end());
    level = next;
  }
  std::ranges::sort(all, std::greater<>());
  double sum = 1;
  for (int n = 1; n <= nodes; ++n) {
    sum += all[n - 1];
    EXPECT_NEAR(search.expected(n, depth), sum, 1e-12) << n;
  }
}

// The published vector falls only as a rule: greedy choice by path would want the ninth child before the
// eighth.
TEST(SequoiaSearch, TakesElderSiblingsAlong) {
  const std::vector<double>& acceptance = published_acceptance();
  EXPECT_GT(acceptance[8], acceptance[7]);
  const SequoiaSearch search(acceptance, 63, 1);
  for (int n = 1; n <= 16; ++n) {
    EXPECT_EQ(static_cast<int>(search.tree(n, 1).size()), n);
    EXPECT_NEAR(search.expected(n, 1), 1 + std::accumulate(acceptance.begin(), acceptance.begin() + n, 0.0),
                1e-12);
  }
}

TEST(SequoiaSearch, MakesAChainOfOneRank) {
  const SequoiaSearch search({0.8}, 10, 20);
  EXPECT_EQ(search.tree(3, 20), (RankPaths{{0}, {0, 0}, {0, 0, 0}}));
  EXPECT_NEAR(search.expected(10, 20), (1 - std::pow(0.8, 11)) / 0.2, 1e-12);
}

// One pass costs 1 up to `free` rows and rises with each row beyond.
class Knee : public CostModel {
 public:
  explicit Knee(int free) : free_(free) {}
  Seconds price(const Work& work) const override {
    if (work.actor == Actor::host) return 0;
    if (work.actor != Actor::target) return 0.02;
    return 1 + 0.05 * std::max(0, work.rows - free_);
  }

 private:
  int free_;
};

TEST(BestSize, MaximisesTokensPerSecond) {
  const SequoiaSearch search(kPublished, 64, 12);
  for (const int knee : {1, 4, 16, 64}) {
    const Knee prices(knee);
    const TreeSize size = best_size(search, {}, {64, 12}, StepPrices(prices, false), {1, 100});
    const auto speedup = [&](int n, int d) {
      return search.expected(n, d) / (1 + 0.05 * std::max(0, n + 1 - knee) + 0.02 * d);
    };
    for (int n = 1; n <= 64; ++n) {
      for (int d = 1; d <= 12; ++d) EXPECT_GE(speedup(size.nodes, size.depth), speedup(n, d) - 1e-12);
    }
    if (knee == 16) {
      EXPECT_EQ(size.nodes, 15) << "all rows that are free";
    }
    EXPECT_EQ(best_size(search, {7, 0}, {7, 12}, StepPrices(prices, false), {1, 100}).nodes, 7);
    EXPECT_EQ(best_size(search, {0, 2}, {64, 2}, StepPrices(prices, false), {1, 100}).depth, 2);
  }
}

TEST(BestSize, IsNothingWhereNothingPays) {
  const SequoiaSearch search(kPublished, 16, 4);
  const ConstantCost dear(1, 0.7), cheap(1, 0.6);
  EXPECT_EQ(best_size(search, {}, {1, 4}, StepPrices(dear, false), {1, 100}), (TreeSize{0, 0}));
  EXPECT_EQ(best_size(search, {}, {1, 4}, StepPrices(cheap, false), {1, 100}), (TreeSize{1, 1}));
  EXPECT_EQ(best_size(search, {}, {16, 4}, StepPrices(dear, true), {1, 100}), (TreeSize{16, 4}))
      << "as good as it gets where drafts are free";
}

}  // namespace
}  // namespace speclab
