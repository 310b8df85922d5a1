// Which trees the topologies grow, for scores made by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "core/cost/constant_cost.h"
#include "core/errors.h"
#include "core/models/sources/markov.h"
#include "core/models/sources/source_model.h"
#include "core/numerics/host_distributions.h"
#include "core/numerics/softmax.h"
#include "core/random/counter_rng.h"
#include "experiments/certify/small_world.h"
#include "strategies/compatibility.h"
#include "strategies/drafters/model.h"
#include "strategies/topologies/best_first.h"
#include "strategies/topologies/budgeted.h"
#include "strategies/topologies/confident.h"
#include "strategies/topologies/paths.h"
#include "strategies/topologies/published_trees.h"
#include "strategies/topologies/sequoia.h"
#include "tests/support/scripted_drafter.h"

namespace speclab {
namespace {

using TokenPaths = std::vector<std::vector<Token>>;

Draft drafted(Topology& topology, const ScriptedDrafter::Says& says = nullptr, int max = 1000) {
  ScriptedDrafter drafter(topology, says);
  ScriptedBatch batch({0}, max);
  return batch.draft(drafter)[0];
}

// A row of random probabilities that depends on draft and path alone.
std::vector<double> noise(int draft, const std::vector<Token>& path, int vocab, std::uint64_t seed) {
  std::uint64_t hash = mix64(seed * 7919 + static_cast<std::uint64_t>(draft));
  for (const Token token : path) hash = mix64(hash + static_cast<std::uint64_t>(token) + kGolden);
  std::vector<double> row;
  double sum = 0;
  for (int i = 0; i < vocab; ++i) {
    row.push_back(std::pow(unit_interval(mix64(hash + static_cast<std::uint64_t>(i) * kGolden)), 4));
    sum += row.back();
  }
  for (double& p : row) p /= sum;
  return row;
}

double path_value(const ScriptedDrafter::Says& says, const std::vector<Token>& path) {
  double product = 1;
  std::vector<Token> above;
  for (const Token token : path) {
    product *= says(0, above)[token];
    above.push_back(token);
  }
  return product;
}

TEST(BestFirst, KeepsTheLikeliestPaths) {
  const ScriptedDrafter::Says says = [](int, const std::vector<Token>& path) -> std::vector<double> {
    if (path.empty()) return {0.5, 0.3, 0.2};
    if (path == std::vector<Token>{0}) return {0.1, 0.7, 0.2};  // 0.05 0.35 0.1
    return {0.9, 0.06, 0.04};                                   // 0.27
  };
  BestFirst tree(3, 2, 2);
  EXPECT_EQ(token_paths(drafted(tree, says)), (TokenPaths{{0}, {1}, {0, 1}}));
  BestFirst more(4, 2, 2);
  EXPECT_EQ(token_paths(drafted(more, says)), (TokenPaths{{0}, {1}, {0, 1}, {1, 0}}));
}

TEST(BestFirst, GrowsTheBestNodesOfEachLevel) {
  const ScriptedDrafter::Says says = [](int, const std::vector<Token>& path) {
    return noise(0, path, 12, 3);
  };
  BestFirst all(1000, 4, 3);
  const Draft draft = drafted(all, says);
  EXPECT_EQ(draft.size() - 1, 3 + 3 * 9);
  for (int depth = 1; depth < 4; ++depth) {
    double worst_grown = 1, best_left = 0;
    int grown = 0;
    for (int node = 1; node < draft.size(); ++node) {
      if (draft.tree().depth(node) != depth) continue;
      std::vector<Token> path;
      for (const int n : draft.tree().path(node)) path.push_back(draft.tree().token(n));
      const double value = path_value(says, path);
      if (draft.tree().first_child(node) != TokenTree::kNone) {
        worst_grown = std::min(worst_grown, value);
        ++grown;
      } else {
        best_left = std::max(best_left, value);
      }
    }
    EXPECT_EQ(grown, 3);
    if (depth > 1) {
      EXPECT_GT(worst_grown, best_left);
    }
  }
}

// Of all connected trees of n candidates the one whose paths are likeliest together, by trying them all.
class BestSubtree {
 public:
  BestSubtree(const Draft& candidates, std::vector<double> values, int nodes)
      : candidates_(candidates), values_(std::move(values)) {
    in_.assign(values_.size(), false);
    in_[0] = true;
    add(1, nodes, 0);
  }
  double best = -1;
  int tried = 0;

 private:
  void add(int from, int left, double sum) {
    if (left == 0) {
      ++tried;
      best = std::max(best, sum);
      return;
    }
    for (int node = from; node < candidates_.size(); ++node) {
      const auto n = static_cast<std::size_t>(node);
      if (!in_[candidates_.tree().parent(node)]) continue;
      in_[n] = true;
      add(node + 1, left - 1, sum + values_[n]);
      in_[n] = false;
    }
  }
  const Draft& candidates_;
  std::vector<double> values_;
  std::vector<bool> in_;
};

TEST(BestFirst, IsTheBestConnectedTreeAmongItsCandidates) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const ScriptedDrafter::Says says = [&](int, const std::vector<Token>& path) {
      return noise(0, path, 4, seed);
    };
    BestFirst all(1000, 3, 3), some(6, 3, 3);
    const Draft candidates = drafted(all, says), chosen = drafted(some, says);
    std::vector<double> values{1};
    for (const auto& path : token_paths(candidates)) values.push_back(path_value(says, path));
    const BestSubtree brute(candidates, values, 6);
    EXPECT_GT(brute.tried, 500);
    double sum = 0;
    for (const auto& path : token_paths(chosen)) sum += path_value(says, path);
    EXPECT_EQ(chosen.size() - 1, 6);
    EXPECT_NEAR(sum, brute.best, 1e-12) << seed;
  }
}

TEST(BestFirst, OfEqualPathsKeepsTheShallower) {
  BestFirst tree(3, 3, 2);
  EXPECT_EQ(token_paths(drafted(tree)), (TokenPaths{{0}, {1}, {0, 0}}))
      << "without scores all paths are equal";
  const ScriptedDrafter::Says certain = [](int, const std::vector<Token>&) -> std::vector<double> {
    return {1, 0};
  };
  EXPECT_EQ(token_paths(drafted(tree, certain)), (TokenPaths{{0}, {0, 0}, {0, 0, 0}}));
}

TEST(BestFirst, TreatsTheSequencesOfABatchAlike) {
  const ScriptedDrafter::Says says = [](int draft, const std::vector<Token>& path) {
    return noise(draft, path, 6, 9);
  };
  BestFirst tree(5, 3, 2);
  ScriptedDrafter drafter(tree, says);
  ScriptedBatch batch({4, 2, 7});
  const std::vector<Draft> together = batch.draft(drafter);
  for (int i = 0; i < 3; ++i) {
    const Draft alone = drafted(tree, [&](int, const std::vector<Token>& path) { return says(i, path); });
    EXPECT_EQ(token_paths(together[i]), token_paths(alone));
  }
}

TEST(BestFirst, RefusesDrawnGuesses) {
  BestFirst tree(3, 2, 2);
  ScriptedDrafter drafter(tree);
  EXPECT_NO_THROW(check_compatibility(drafter.traits(), {}));
  DraftTraits drawn = drafter.traits();
  drawn.draws = {Draw::without_replacement};
  try {
    check_compatibility(drawn, {});
    ADD_FAILURE();
  } catch (const ImpossiblePoint& error) {
    EXPECT_NE(std::string(error.what()).find("drafter.draw = 'fixed'"), std::string::npos) << error.what();
  }
}

TEST(CheckFit, AllFitsAtTemperatureZero) {
  const DraftTraits tree{{Draw::without_replacement}, true, true, 2};
  const RuleRequirements strict{.chain = true, .one_proposer = true, .draws = {Draw::independent}};
  EXPECT_THROW(check_compatibility(tree, strict), ImpossiblePoint);
  EXPECT_NO_THROW(check_compatibility(tree, strict, true));
}

TEST(TopologySettings, SequoiaIsPricedForTheBatch) {
  Parts parts;
  const ConstantCost prices(1, 0.1);
  parts.prices = &prices;
  for (const auto& [batch, meant] : {std::pair<int, int>{1, 1}, {128, 128}, {2'000'000'000, 65536}}) {
    parts.batch = batch;
    Params p("topology", {{"kind", "sequoia"}});
    make(topologies(), p, parts);
    EXPECT_EQ(p.resolved().at("sequences"), meant);
  }
}

TEST(Confident, StopsAfterTheGuessThatFellBelow) {
  const ScriptedDrafter::Says says = [](int, const std::vector<Token>& path) -> std::vector<double> {
    const double sure[] = {0.9, 0.8, 0.6, 0.95};
    const double p = sure[path.size() % 4];
    return {p, 1 - p};
  };
  using Measure = Confident::Measure;
  const auto length = [&](int max, double threshold, Measure measure) {
    Confident chain(max, threshold, measure);
    return drafted(chain, says).size() - 1;
  };
  EXPECT_EQ(length(8, 0.7, Measure::token), 3);
  EXPECT_EQ(length(8, 0.85, Measure::token), 2);
  EXPECT_EQ(length(8, 0.8, Measure::token), 3) << "0.8 is not below 0.8";
  EXPECT_EQ(length(8, 0.99, Measure::token), 1) << "one guess is always made";
  EXPECT_EQ(length(8, 0, Measure::token), 8);
  EXPECT_EQ(length(2, 0.7, Measure::token), 2);
  EXPECT_EQ(length(8, 0.7, Measure::path), 3) << ".9 .72 .432";
  EXPECT_EQ(length(8, 0.75, Measure::path), 2);
  EXPECT_EQ(length(8, 0.4, Measure::path), 5) << ".9 .72 .432 .4104 .369";
}

TEST(Confident, IsAChainWhereThereAreNoScores) {
  Confident chain(5, 0.9, Confident::Measure::token);
  EXPECT_EQ(drafted(chain).size() - 1, 5);
}

// Temperature 0 makes every row one-hot; confidence must not be.
TEST(ModelDrafter, AtTemperatureZeroSaysHowSureItIs) {
  const auto source = std::make_shared<const Markov>(std::vector<std::vector<float>>{{0, 3}, {1, 0.5f}});
  SourceModel model(source);
  HostDistributions distributions;
  Confident chain(4, 0.7, Confident::Measure::token);
  ModelDrafter drafter(model, chain, distributions, Draw::without_replacement);
  Sequence s{.id = SequenceId(0),
             .text = {0, 1, 0},
             .prompt_length = 3,
             .max_new_tokens = 100,
             .end_tokens = {},
             .sampling = {0, 1, 0.1},
             .draft_chance = nullptr,
             .judge_chance = nullptr};
  drafter.open(s, {});
  Sequence* batch[] = {&s};
  std::vector<Draft> drafts(1);
  drafts[0].reset(0);
  drafter.draft(batch, drafts);
  std::vector<double> expected(2);
  for (const Token last : {0, 1}) {
    softmax(source->row(last), {1, 0, 1}, expected);
    const std::span<const double> scores = drafts[0].scores(last).f64();
    EXPECT_EQ(std::vector<double>(scores.begin(), scores.end()), expected);
  }
  EXPECT_EQ(token_paths(drafts[0]), (TokenPaths{{1}, {1, 0}})) << "0.95 after 0, 0.62 after 1";
}

std::vector<int> budgeted_lengths(int length, int budget, int sequences, const ScriptedDrafter::Says& says) {
  Budgeted topology(length, budget);
  ScriptedDrafter drafter(topology, says);
  std::vector<int> ids(static_cast<std::size_t>(sequences));
  std::iota(ids.begin(), ids.end(), 0);
  ScriptedBatch batch(ids);
  std::vector<int> lengths;
  for (const Draft& draft : batch.draft(drafter)) lengths.push_back(draft.size() - 1);
  return lengths;
}

TEST(Budgeted, GivesNodesToTheLikeliestPaths) {
  const ScriptedDrafter::Says says = [](int draft, const std::vector<Token>&) -> std::vector<double> {
    const double p = draft == 0 ? 0.6 : 0.9;
    return {p, 1 - p};
  };
  // Paths above a node: 1 .6 .36 .216 and 1 .9 .81 .729.
  EXPECT_EQ(budgeted_lengths(4, 100, 2, says), (std::vector<int>{4, 4}));
  EXPECT_EQ(budgeted_lengths(4, 6, 2, says), (std::vector<int>{2, 4}));
  EXPECT_EQ(budgeted_lengths(4, 5, 2, says), (std::vector<int>{1, 4}));
  EXPECT_EQ(budgeted_lengths(4, 3, 2, says), (std::vector<int>{1, 2}));
  EXPECT_EQ(budgeted_lengths(4, 1, 2, says), (std::vector<int>{1, 0})) << "of equals the first";
}

TEST(Budgeted, RanksANodeByWhatItHangsFrom) {
  // Draft 0: an unlikely guess, and a sure one after it. Draft 1: a likely guess, then an unlikely one.
  const ScriptedDrafter::Says says = [](int draft, const std::vector<Token>& path) -> std::vector<double> {
    const bool sure = (draft == 0) == (path.size() % 2 == 1);
    return sure ? std::vector<double>{0.99, 0.01} : std::vector<double>{0.51, 0.49};
  };
  EXPECT_EQ(budgeted_lengths(2, 2, 2, says), (std::vector<int>{1, 1}))
      << "the unlikely guess hangs from a root";
  EXPECT_EQ(budgeted_lengths(2, 3, 2, says), (std::vector<int>{1, 2}));
}

TEST(Budgeted, SharesAlikeWithoutScores) {
  EXPECT_EQ(budgeted_lengths(4, 7, 3, nullptr), (std::vector<int>{3, 2, 2}));
}

// Cumulative accuracy of Medusa v0.1's heads 1 to 4 on ranks 1 to 5 (FasterDecoding/Medusa,
// assets/medusa_acc.csv).
using HeadAccuracy = std::vector<std::vector<double>>;
const std::vector<std::pair<HeadAccuracy, double>>& medusa_models() {
  static const std::vector<std::pair<HeadAccuracy, double>> models = {
      {{{.5604, .6717, .7271, .7599, .7799},
        {.3164, .4236, .4851, .5282, .5625},
        {.2010, .2879, .3475, .3834, .4169},
        {.1474, .2250, .2737, .3109, .3397}},
       2.340},
      {{{.5939, .7053, .7578, .7925, .8161},
        {.3397, .4400, .5068, .5465, .5803},
        {.2161, .3085, .3612, .4030, .4364},
        {.1500, .2317, .2878, .3234, .3541}},
       2.432},
      {{{.6046, .7162, .7649, .7983, .8223},
        {.3558, .4690, .5287, .5692, .5961},
        {.2246, .3197, .3785, .4210, .4462},
        {.1596, .2488, .3073, .3480, .3755}},
       2.470},
  };
  return models;
}

TEST(PublishedTrees, AreTreesOfTheirSize) {
  for (const auto& [name, size] : {std::pair<std::string, int>{"mc_sim_7b_63", 63}, {"eagle_25", 25}}) {
    const RankPaths& tree = published_trees().at(name);
    EXPECT_EQ(static_cast<int>(tree.size()), size);
    Paths topology(tree);
    ScriptedBatch batch({0});
    ScriptedDrafter drafter(topology);
    const TokenPaths grown = token_paths(batch.draft(drafter)[0]);
    EXPECT_EQ(std::set(grown.begin(), grown.end()), std::set(tree.begin(), tree.end()));
  }
}

TEST(PublishedTrees, MedusasHasTheLengthThatItsHeadsSay) {
  for (const auto& [accuracy, expected] :
       medusa_models()) {  // 7B, 13B, 33B; ranks from the sixth on are not published
    HeadAccuracy by_rank = accuracy;
    for (std::vector<double>& head : by_rank) {
      for (std::size_t rank = head.size(); --rank > 0;) head[rank] -= head[rank - 1];
    }
    EXPECT_NEAR(expected_tokens(published_trees().at("mc_sim_7b_63"), by_rank), expected, 5e-4);
  }
}

// Made from a config, as users make them.
std::unique_ptr<Topology> configured(nlohmann::json settings, const CostModel* prices = nullptr) {
  Params params("topology", std::move(settings));
  Parts parts;
  parts.prices = prices;
  return make(topologies(), params, parts);
}

void expect_refusal(const nlohmann::json& settings, const std::string& fragment) {
  try {
    configured(settings);
    ADD_FAILURE() << settings;
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find(fragment), std::string::npos) << error.what();
  }
}

TEST(TopologySettings, CountTheRootWhereTheFieldDoes) {
  for (const auto& [name, value] :
       {std::pair<const char*, int>{"nodes", 7}, {"total_token", 8}, {"num_draft_tokens", 8}}) {
    Params params("topology", {{"kind", "best_first"}, {name, value}});
    const auto topology = make(topologies(), params, {});
    EXPECT_EQ(params.resolved().at("nodes"), 7) << name;
    EXPECT_EQ(params.resolved().count("total_token"), 0u);
    EXPECT_EQ(drafted(*topology).size(), 8);
  }
  expect_refusal({{"kind", "best_first"}, {"nodes", 7}, {"total_token", 8}}, "both set");
  expect_refusal({{"kind", "best_first"}, {"total_token", 1}}, "total_token");
}

TEST(TopologySettings, NameTreesAndSayWhichThereAre) {
  EXPECT_EQ(drafted(*configured({{"kind", "paths"}, {"paths", "mc_sim_7b_63"}})).size(), 64);
  expect_refusal({{"kind", "paths"}, {"paths", "mc_sim_7b"}}, "there are: eagle_25, mc_sim_7b_63");
  expect_refusal({{"kind", "paths"}, {"medusa_choices", {{0}, {1, 0}}}}, "[1, 0] lacks its parent [1]");
}

TEST(TopologySettings, SayWhatNeedsPrices) {
  expect_refusal({{"kind", "sequoia"}}, "give a [price] section, or set topology.nodes and topology.depth");
  expect_refusal({{"kind", "sequoia"}, {"nodes", 8}}, "topology.depth weighs tokens against time");
  EXPECT_EQ(drafted(*configured({{"kind", "sequoia"}, {"size", 9}, {"depth", 3}})).size(), 9);
  expect_refusal({{"kind", "sequoia"}, {"acceptance", {0.8, 0.3}}}, "at most one child is accepted");
  expect_refusal({{"kind", "adaptive"}, {"schedule", "goodput"}}, "or set topology.schedule = 'heuristic'");
  EXPECT_NO_THROW(configured({{"kind", "adaptive"}}));
  const ConstantCost prices(1, 0.1);
  EXPECT_NO_THROW(configured({{"kind", "adaptive"}, {"schedule", "goodput"}}, &prices));
  EXPECT_GT(drafted(*configured({{"kind", "sequoia"}}, &prices)).size(), 10);
}

TEST(TopologySettings, AskNoNodeForMoreChildrenThanThereAreTokens) {
  const auto ask = [](nlohmann::json settings) {
    const auto topology = configured(std::move(settings));
    std::vector<std::unique_ptr<LanguageModel>> owned;
    HostDistributions distributions;
    Parts parts;
    parts.topology = topology.get();
    parts.target_source = std::make_shared<const Markov>(Markov::random(6, 6, 1));
    parts.distributions = [&]() -> Distributions& { return distributions; };
    parts.adopt = [&](std::unique_ptr<LanguageModel> model) -> LanguageModel& {
      return *owned.emplace_back(std::move(model));
    };
    Params params("drafter", {{"kind", "agreement"}});
    make(drafters(), params, parts);
  };
  EXPECT_NO_THROW(ask({{"kind", "layered"}, {"widths", {6, 1}}}));
  EXPECT_NO_THROW(ask({{"kind", "paths"}, {"paths", {{0}, {1}}}}));
  for (const nlohmann::json& wide :
       {nlohmann::json{{"kind", "layered"}, {"widths", {1, 7}}},
        nlohmann::json{{"kind", "best_first"}, {"top_k", 7}},
        nlohmann::json{{"kind", "paths"}, {"paths", {{0}, {1}, {2}, {3}, {4}, {5}, {6}}}}}) {
    try {
      ask(wide);
      ADD_FAILURE() << wide;
    } catch (const ConfigError& error) {
      EXPECT_NE(
          std::string(error.what()).find("ranks 6 tokens to follow a node, but the topology asks for 7"),
          std::string::npos)
          << error.what();
    }
  }
}

std::vector<std::vector<Token>> texts(const Combination& combination, const Sampling& sampling,
                                      std::size_t batch) {
  const auto target = std::make_shared<const Markov>(Markov::random(6, 6, 31)),
             draft = std::make_shared<const Markov>(Markov::random(6, 6, 31 + 7));
  SmallWorld world(combination, target, draft);
  std::vector<Sequence> all;
  for (int i = 0; i < 70; ++i) {
    const auto id = static_cast<std::uint64_t>(i);
    all.push_back({.id = SequenceId(i),
                   .text = {0, 1, 2, static_cast<Token>(i % 6), 1, 2},
                   .prompt_length = 6,
                   .max_new_tokens = 20 + i % 5,  // mates end at different steps
                   .end_tokens = {},
                   .sampling = sampling,
                   .draft_chance = std::make_shared<CounterRng>(3, id, 0),
                   .judge_chance = std::make_shared<CounterRng>(3, id, 1)});
  }
  for (std::size_t from = 0; from < all.size(); from += batch) {
    world.decode(std::span(all).subspan(from, std::min(batch, all.size() - from)));
  }
  std::vector<std::vector<Token>> texts;
  for (const Sequence& s : all) texts.push_back(s.text);
  return texts;
}

TEST(Topologies, GiveTextsThatDoNotDependOnTheirBatchWhereTheyDecideForOneSequence) {
  const std::vector<std::pair<std::string, nlohmann::json>> settings = {
      {"adaptive", {{"schedule", "heuristic"}, {"length", 2}}},
      {"adaptive", {{"schedule", "goodput"}, {"memory", 0.5}}},
      {"confident", {{"threshold", 0.6}}},
      {"confident", {{"threshold", 0.3}, {"measure", "path"}}},
      {"best_first", {{"nodes", 5}, {"depth", 3}, {"top_k", 2}}},
      {"sequoia", {{"nodes", 6}, {"depth", 3}}},
      {"budgeted", {{"length", 4}, {"budget", 6}}},
  };
  for (const Sampling& sampling : {Sampling{0, 0, 1}, Sampling{0.8, 4, 1}}) {
    for (const auto& [topology, with] : settings) {
      for (const char* draw : {"fixed", "without-replacement"}) {
        if (topology == "best_first" && std::string(draw) != "fixed") continue;
        const Combination c{"model", topology, "speculative_sampling", {{"draw", draw}}, with};
        const bool shares = (topology == "budgeted" || topology == "adaptive") && sampling.temperature > 0;
        EXPECT_EQ(texts(c, sampling, 1) == texts(c, sampling, 7), !shares)
            << c.name() << " at " << sampling.temperature;
      }
    }
  }
}

}  // namespace
}  // namespace speclab
