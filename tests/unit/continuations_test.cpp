// The point runner records what plain decoding writes before the first run, and asks the oracle nothing it
// cannot know.
#include <gtest/gtest.h>

#include "core/errors.h"
#include "core/rule_decorator.h"
#include "experiments/point/point_runner.h"

namespace speclab {
namespace {

using nlohmann::json;

Config config_of(double temperature, double acceptance) {
  Config config;
  config.sections = {{"target", {{"kind", "hashed"}}},
                     {"drafter", {{"kind", "oracle"}, {"acceptance", acceptance}}},
                     {"topology", {{"length", 3}}},
                     {"sampling", {{"temperature", temperature}}},
                     {"workload", {{"requests", 5}, {"max_new_tokens", 33}, {"batch", 2}}},
                     {"price", {{"kind", "constant"}}},
                     {"clock", {{"kind", "analytic"}}}};
  return config;
}

// Counts passes of the target by the verdicts they end in.
class Counting : public RuleDecorator {
 public:
  explicit Counting(AcceptanceRule& inner) : RuleDecorator(inner) {}
  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) override {
    steps += static_cast<int>(batch.size());
    inner_.judge(batch, drafts, target, verdicts);
  }
  int steps = 0;
};

TEST(Continuations, AreWhatPlainDecodingWrites) {
  for (const double acceptance : {1.0, 0.5, 0.0}) {
    ModelCache cache(1);
    PointRunner runner(config_of(0, acceptance), cache);
    Counting rule(runner.rule());
    std::vector<Sequence> method = runner.workload().sequences(), plain = runner.workload().sequences();
    runner.decode(method, rule);
    runner.decode_plainly(plain);
    for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_EQ(method[i].text, plain[i].text);
    if (acceptance == 1) {
      EXPECT_EQ(rule.steps, 5 * 9) << "four tokens a step, and one more";
    } else if (acceptance == 0) {
      EXPECT_EQ(rule.steps, 5 * 33);
    } else {
      EXPECT_GT(rule.steps, 5 * 9);
      EXPECT_LT(rule.steps, 5 * 33);
    }
  }
}

TEST(Continuations, AreNotThereWhereTheTargetSamples) {
  ModelCache cache(1);
  try {
    const PointRunner runner(config_of(0.7, 1), cache);
    ADD_FAILURE();
  } catch (const ImpossiblePoint& e) {
    EXPECT_NE(std::string(e.what()).find("sampling.temperature = 0"), std::string::npos) << e.what();
  }
}

TEST(Corpus, IsNoTextOfASyntheticTarget) {
  ModelCache cache(1);
  Config config = config_of(0, 1);
  config.sections["drafter"] = {{"kind", "suffix"}, {"corpus", "configs/prompts/code.jsonl"}};
  EXPECT_THROW(PointRunner(config, cache), ImpossiblePoint);
}

TEST(SelfDrafters, RefuseWhatHasNoMeaning) {
  const auto refused = [](json drafter, const std::string& fragment) {
    ModelCache cache(1);
    Config config = config_of(0, 1);
    config.sections["drafter"] = std::move(drafter);
    try {
      const PointRunner runner(config, cache);
      ADD_FAILURE() << fragment;
    } catch (const ConfigError& e) {
      EXPECT_NE(std::string(e.what()).find(fragment), std::string::npos) << e.what();
    }
  };
  refused({{"kind", "lookahead"}, {"WINDOW_SIZE", 0}}, "drafter.window = 0 must be at least 1");
  refused({{"kind", "lookahead"}, {"LEVEL", 1}}, "drafter.ngram = 1 must be at least 2");
  refused({{"kind", "lookahead"}, {"guess", 0}}, "drafter.guesses = 0 must be at least 1");
  refused({{"kind", "jacobi"}, {"window", 0}}, "drafter.window");
  refused({{"kind", "suffix"}, {"max_match", 0}}, "drafter.max_match");
  refused({{"kind", "suffix"}, {"min_match", 30}}, "drafter.min_match = 30 is more than max_match = 24");
  refused({{"kind", "oracle"}, {"acceptance", 1.5}}, "drafter.acceptance");
  refused({{"kind", "oracle"}, {"acceptance", json::array()}}, "drafter.acceptance");
  refused({{"kind", "oracle"}, {"siblings", std::vector<double>(16, 0.5)}},
          "drafter.siblings has more ranks");
}

}  // namespace
}  // namespace speclab
