// The shipped models: speculation changes no text, whatever the strategy, the batch, the order and the clock.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "core/cost/clocks.h"
#include "core/cost/constant_cost.h"
#include "core/metered.h"
#include "core/random/counter_rng.h"
#include "experiments/certify/small_world.h"
#include "experiments/config/files.h"
#include "experiments/point/serve.h"
#include "experiments/point/workload.h"
#include "kernels/cpu/cpu_eagle.h"
#include "kernels/cpu/cpu_heads.h"
#include "kernels/cpu/early_exit.h"

namespace speclab {
namespace {

constexpr int kPromptsPerKind = 50, kTokens = 128;
using Texts = std::vector<std::vector<Token>>;

class ShippedPair : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    cache_ = new ModelCache(1);  // ctest runs as many of these at once as there are cores
    target_ = &cache_->cpu().transformer(project_configs("models") / kTarget, Actor::target);
    draft_ = &cache_->cpu().transformer(project_configs("models") / kDraft, draft_actor(0));
    other_draft_ = &cache_->cpu().transformer(project_configs("models") / kDraft, draft_actor(1));
    const Tokenizer& tokenizer = cache_->tokenizer(project_configs("models") / kTarget);
    requests_ = new std::vector<Request>;
    for (const char* kind : {"code", "prose"}) {
      Params workload("workload", {{"prompts", std::string("configs/prompts/") + kind + ".jsonl"},
                                   {"requests", kPromptsPerKind}});
      Params sampling("sampling");
      for (Request& r :
           read_workload(workload, sampling,
                         {.tokenizer = &tokenizer, .vocab = target_->vocab(), .end_tokens = {}}, {}, *cache_)
               .requests) {
        requests_->push_back(std::move(r));
      }
    }
    ASSERT_EQ(requests_->size(), 100u);
  }
  static void TearDownTestSuite() {
    delete requests_;
    delete cache_;
  }

  // What is written after each prompt; `order` says in which order the requests arrive.
  static Texts decode(const Combination& c, const Sampling& sampling, int batch,
                      std::vector<std::size_t> order = {}, int tokens = kTokens, bool priced = false) {
    if (order.empty()) {
      order.resize(requests_->size());
      std::iota(order.begin(), order.end(), std::size_t{0});
    }
    const ConstantCost prices(1, 0.1);
    WallClock wall;
    AnalyticClock analytic(prices);
    Clock& clock = priced ? static_cast<Clock&>(analytic) : wall;
    Metered target(*target_, Actor::target, clock), draft(*draft_, draft_actor(0), clock),
        other_draft(*other_draft_, draft_actor(1), clock);
    std::vector<std::unique_ptr<HostDistributions>> distributions;
    Parts parts;
    parts.distributions = [&]() -> Distributions& {
      return *distributions.emplace_back(std::make_unique<HostDistributions>());
    };
    parts.draft_model = [&](const std::string& section) -> LanguageModel& {
      return section == "draft" ? draft : other_draft;
    };
    EarlyExit first_layers(*target_, 2);
    Metered early(first_layers, draft_actor(2), clock);
    parts.early_exit = [&](int) -> LanguageModel& { return early; };
    parts.new_topology = [&] {
      Params t("topology", with_kind(c.topology, c.topology_settings));
      return make(topologies(), t, parts);
    };
    parts.prices = &prices;
    parts.continuations = [&] {
      return Continuations{target.vocab(), [](SequenceId id) -> std::span<const Token> {
                             return (*plain_texts_)[static_cast<std::size_t>(id)];
                           }};
    };
    const CpuOptions options{.team = cache_->cpu().team()};
    const auto folder = [](const std::string& kind) {
      return project_configs("models") / (std::string(kTarget) + "-" + kind);
    };
    std::unique_ptr<CpuHeads> heads;
    std::unique_ptr<CpuEagle> eagle;
    std::unique_ptr<Metered> metered_eagle;
    parts.draft_heads = [&](HeadKind kind, const std::string&, const std::string&) -> DraftHeads& {
      const bool medusa = kind == HeadKind::medusa;
      heads = std::make_unique<CpuHeads>(medusa ? load_medusa(folder("medusa"), target_->weights())
                                                : load_hydra(folder("hydra"), target_->weights()),
                                         options);
      return *heads;
    };
    parts.feature_model = [&](const std::string& path) {
      eagle = std::make_unique<CpuEagle>(
          load_eagle(folder(path.empty() ? "eagle" : path), target_->weights()), options);
      target_->tap(eagle->taps());
      metered_eagle = std::make_unique<Metered>(*eagle, draft_actor(3), clock);
      return FeatureDraft{*eagle, *metered_eagle};
    };
    Params t("topology", with_kind(c.topology, c.topology_settings)),
        d("drafter", with_kind(c.drafter, c.drafter_settings)),
        r("rule", with_kind(c.rule, nlohmann::json::object()));
    const auto topology = make(topologies(), t, parts);
    parts.topology = topology.get();
    const auto drafter = make(drafters(), d, parts);
    const auto rule = make(rules(), r, parts);
    Decoder decoder(target, *drafter, *rule);

    std::vector<Sequence> sequences;
    for (const std::size_t i : order) {
      sequences.push_back(
          {.id = static_cast<SequenceId>(i),
           .text = (*requests_)[i].prompt,
           .prompt_length = static_cast<int>((*requests_)[i].prompt.size()),
           .max_new_tokens = tokens - static_cast<int>(i % 3),  // mates end at different steps
           .end_tokens = {},
           .sampling = sampling,
           .draft_chance = std::make_shared<CounterRng>(5, i, 0),
           .judge_chance = std::make_shared<CounterRng>(5, i, 1)});
    }
    RunObserver silent;
    serve(decoder, clock, sequences, batch, silent);
    Texts texts(requests_->size());
    for (const Sequence& s : sequences) {
      texts[static_cast<std::size_t>(s.id)].assign(s.text.begin() + s.prompt_length, s.text.end());
    }
    return texts;
  }

  static nlohmann::json with_kind(const std::string& kind, nlohmann::json settings) {
    settings["kind"] = kind;
    return settings;
  }

  static constexpr const char* kTarget = "speclab-target-11m";
  static constexpr const char* kDraft = "speclab-draft-1m";
  static inline ModelCache* cache_ = nullptr;
  static inline CpuTransformer* target_ = nullptr;
  static inline CpuTransformer* draft_ = nullptr;
  static inline CpuTransformer* other_draft_ = nullptr;  // the same weights
  static inline std::vector<Request>* requests_ = nullptr;
  static inline const Texts* plain_texts_ = nullptr;  // by sequence, for a drafter that knows them
};

Combination plain() {
  return {"none", "chain", "speculative_sampling", nlohmann::json::object(), {{"length", 1}}};
}

constexpr Sampling kGreedy{0, 0, 1};

bool lossless(const Combination& c) {
  Params params("rule", {{"kind", c.rule}});
  return make(rules(), params, Parts{})->lossless(kGreedy);
}

// Registered combinations that differ at temperature 0, where all ways of drawing are one.
std::vector<Combination> greedy_combinations() {
  std::vector<Combination> all = all_combinations();
  std::erase_if(all, [](const Combination& c) {
    return c.drafter == "agreement" ||  // imitates synthetic targets only
           c.drafter == "none" || c.drafter_settings.value("draw", "fixed") != "fixed" ||
           c.topology_settings.contains("measure") || !lossless(c) ||
           (c.drafter == "early_exit"
                ? c.topology == "best_first"  // has no small instance; its guesses are drawn
                : !c.refusal.empty());
  });
  return all;
}

TEST_F(ShippedPair, GreedyTextIsThatOfPlainDecoding) {
  const Texts expected = decode(plain(), kGreedy, 1);
  plain_texts_ = &expected;
  EXPECT_EQ(decode(plain(), kGreedy, 7), expected);
  std::set<std::string> drafters;
  for (const Combination& c : greedy_combinations()) {
    if (c.topology != "chain" || c.rule != "speculative_sampling") continue;
    for (const int batch : {1, 7}) {
      EXPECT_EQ(decode(c, kGreedy, batch), expected) << c.name() << ", batch " << batch;
    }
    drafters.insert(c.drafter);
  }
  EXPECT_GE(drafters.size(), 12u);
}

// Every drafter in every tree, and every rule: on fewer prompts.
TEST_F(ShippedPair, GreedyTextIsThatOfPlainDecodingForEveryTreeAndRule) {
  std::vector<std::size_t> few;
  for (std::size_t i = 0; i < 7; ++i) few.insert(few.end(), {i, kPromptsPerKind + i});
  const Texts expected = decode(plain(), kGreedy, 1, few, 48);
  plain_texts_ = &expected;
  std::set<std::string> topologies, rules;
  const auto check = [&](const Combination& c) {
    for (const int batch : {1, 7}) {
      EXPECT_EQ(decode(c, kGreedy, batch, few, 48), expected) << c.name() << ", batch " << batch;
    }
  };
  for (const Combination& c : greedy_combinations()) {
    if (c.rule != "speculative_sampling" || c.topology == "chain") continue;
    check(c);
    topologies.insert(c.topology);
  }
  for (const Combination& c : all_combinations()) {  // each rule once, with guesses drawn as it wants them
    if (c.drafter != "model" || !c.refusal.empty() || !lossless(c)) continue;
    if (c.topology != (c.rule == "block" ? "chain" : "layered") || !rules.insert(c.rule).second) continue;
    check(c);
  }
  EXPECT_GE(topologies.size(), 7u);
  EXPECT_GE(rules.size(), 9u);
}

TEST_F(ShippedPair, GreedyTextOfEagle3IsThatOfPlainDecoding) {
  const Texts expected = decode(plain(), kGreedy, 1);
  const Combination tree{
      "eagle", "layered", "speculative_sampling", {{"path", "eagle3"}}, {{"widths", {2, 2, 1}}}};
  for (const int batch : {1, 7}) EXPECT_EQ(decode(tree, kGreedy, batch), expected) << batch;
}

TEST_F(ShippedPair, SampledTextOfHeadsDependsOnNeitherBatchNorOrder) {
  const Sampling sampling{0.8, 50, 0.95};
  std::vector<std::size_t> backwards(requests_->size());
  std::iota(backwards.rbegin(), backwards.rend(), std::size_t{0});
  for (const auto& [kind, path] :
       {std::pair{"medusa", ""}, {"hydra", ""}, {"eagle", "eagle"}, {"eagle", "eagle3"}}) {
    Combination tree{kind, "layered", "speculative_sampling", {{"path", path}}, {{"widths", {2, 2, 1}}}};
    const Texts expected = decode(tree, sampling, 1, {}, 12);
    EXPECT_EQ(decode(tree, sampling, 7, {}, 12), expected) << kind << path;
    EXPECT_EQ(decode(tree, sampling, 5, backwards, 12), expected) << kind << path;
  }
}

TEST_F(ShippedPair, SampledTextDependsOnNeitherBatchNorOrderNorClock) {
  const Combination tree{
      "model", "layered", "speculative_sampling", {{"draw", "without-replacement"}}, {{"widths", {2, 2, 1}}}};
  const Sampling sampling{0.8, 50, 0.95};
  const Texts expected = decode(tree, sampling, 1, {}, 32);
  EXPECT_EQ(decode(tree, sampling, 7, {}, 32), expected);
  std::vector<std::size_t> backwards(requests_->size());
  std::iota(backwards.rbegin(), backwards.rend(), std::size_t{0});
  EXPECT_EQ(decode(tree, sampling, 5, backwards, 32), expected);
  EXPECT_EQ(decode(tree, sampling, 3, {}, 32, true), expected);
}

}  // namespace
}  // namespace speclab
