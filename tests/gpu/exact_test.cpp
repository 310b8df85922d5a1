// Every outcome of the production decoder with models, distributions and rules on the device, against the
// target's own rows.
#include "experiments/certify/exact.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/decoder.h"
#include "core/rule_decorator.h"
#include "experiments/point/cuda_backend_rules.h"
#include "kernels/cuda/cuda_distributions.h"
#include "strategies/drafters/model.h"
#include "strategies/rules/block.h"
#include "strategies/rules/greedy.h"
#include "strategies/rules/kseq.h"
#include "strategies/rules/multi_round.h"
#include "strategies/rules/sample_and_match.h"
#include "strategies/rules/speculative_sampling.h"
#include "strategies/rules/target_only.h"
#include "strategies/rules/traversal.h"
#include "strategies/rules/without_replacement.h"
#include "strategies/topologies/chain.h"
#include "strategies/topologies/layered.h"
#include "tests/gpu/on_device.h"
#include "tests/gpu/small_models.h"
#include "tests/gpu/steered.h"

namespace speclab {
namespace {

// Logits are the same floats for the decoder and for the texts' own probabilities; all that follows is
// double: what is left is the rounding of products and sums of some hundreds.
constexpr double kExact = 1e-12;

LlamaConfig four_tokens() {
  LlamaConfig config = smallest_config("LlamaForCausalLM");
  config.hidden = 8;
  config.intermediate = 8;
  config.heads = 2;
  config.kv_heads = 1;
  config.head_dim = 4;
  config.vocab = 4;
  config.end_tokens = {};
  return config;
}

// Guesses are judged as if they had been drawn in another way.
class Misdeclared : public RuleDecorator {
 public:
  Misdeclared(AcceptanceRule& inner, Draw draw) : RuleDecorator(inner), draw_(draw) {}
  bool lossless(const Sampling&) const override { return true; }
  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) override {
    std::vector<Draft> changed(drafts.begin(), drafts.end());
    for (Draft& draft : changed) draft.set_draw(draw_);
    inner_.judge(batch, changed, target, verdicts);
  }

 private:
  Draw draw_;
};

class ExactOnDevice : public OnDevice {
 protected:
  void SetUp() override {
    OnDevice::SetUp();
    if (IsSkipped()) return;
    stream_ = std::make_shared<Stream>();
    target_ = random(1);
    draft_ = random(7);
  }

  std::unique_ptr<HostRows> random(std::uint64_t seed) const {
    const LlamaConfig config = four_tokens();
    return cuda_model(config, random_tensors(config, Dtype::bf16, seed), {.stream = stream_});
  }

  // What the decoder writes on the device, over all outcomes.
  ExactResult check(const Scenario& scenario, AcceptanceRule& rule, Topology& topology, Draw draw) {
    CudaDistributions on_device(stream_);
    SteeredDistributions distributions(on_device, stream_);
    ModelDrafter drafter(draft_->inner(), topology, distributions, draw);
    Decoder decoder(target_->inner(), drafter, rule);
    const NextLogits own = [&](std::span<const Token> text) {
      row_ = last_row(*target_, {text.begin(), text.end()});
      return std::span<const float>(row_);
    };
    return exact_check(scenario, own, [&](std::span<Sequence> sequences) {
      std::vector<Sequence*> running;
      for (Sequence& sequence : sequences) {
        decoder.admit(sequence);
        running.push_back(&sequence);
      }
      while (!running.empty()) {
        decoder.step(running);
        std::erase_if(running, [&](Sequence* sequence) {
          if (sequence->finished()) decoder.retire(*sequence);
          return sequence->finished();
        });
      }
    });
  }

  template <class Rule, class Twin = Rule>
  ExactResult check(const Scenario& scenario, Topology& topology, Draw draw, double never = 0) {
    const std::unique_ptr<AcceptanceRule> device = cuda_rule(std::make_unique<Rule>(), {.stream = stream_});
    SteeredRule rule(*device, std::make_unique<Twin>(), stream_, never);
    return check(scenario, rule, topology, draw);
  }

  std::shared_ptr<Stream> stream_;
  std::unique_ptr<HostRows> target_, draft_;
  std::vector<float> row_;
};

// Two tokens are likely enough after each text, so that three of them have few outcomes.
Scenario three_tokens(Sampling sampling = {.temperature = 0.8, .top_k = 2}) {
  return {"", nullptr, nullptr, sampling, {{{0, 2, 1}, 3}}, {}};
}
// So sharp that target and draft differ by more than a second guess makes up for.
Scenario two_tokens() { return {"", nullptr, nullptr, {.temperature = 0.3}, {{{3, 1}, 2}}, {}}; }
Scenario two_texts(Sampling sampling) {
  return {"", nullptr, nullptr, sampling, {{{0, 2, 1}, 2}, {{3}, 1}}, {}};
}

void expect_exact(const ExactResult& result, double tolerance = kExact) {
  EXPECT_TRUE(result.complete);
  EXPECT_NEAR(result.mass, 1, tolerance);
  EXPECT_LE(result.distance, tolerance);
}

TEST_F(ExactOnDevice, speculative_sampling_writes_the_targets_texts) {
  Chain chain(2);
  Layered tree({2, 1}), pair({2});
  const auto check_rule = [&](const Scenario& scenario, Topology& topology, Draw draw) {
    expect_exact(check<SpeculativeSampling>(scenario, topology, draw));
  };
  check_rule(three_tokens(), chain, Draw::without_replacement);
  check_rule(three_tokens(), tree, Draw::without_replacement);
  check_rule(two_tokens(), pair, Draw::without_replacement);
  check_rule(two_tokens(), pair, Draw::independent);
  check_rule(two_texts({.top_k = 2}), tree, Draw::independent);
}

TEST_F(ExactOnDevice, target_only_writes_the_targets_texts) {
  Chain chain(2);
  Layered tree({2, 1});
  expect_exact(check<TargetOnly>(three_tokens({}), chain, Draw::fixed));
  expect_exact(check<TargetOnly>(three_tokens({}), tree, Draw::fixed));
  expect_exact(check<TargetOnly>(two_texts({}), tree, Draw::fixed));
}

TEST_F(ExactOnDevice, sample_and_match_writes_the_targets_texts) {
  Chain chain(2);
  Layered tree({2, 1});
  expect_exact(check<SampleAndMatch>(three_tokens({}), chain, Draw::fixed));
  expect_exact(check<SampleAndMatch>(three_tokens({}), tree, Draw::fixed));
  expect_exact(check<SampleAndMatch>(two_texts({.top_k = 2}), tree, Draw::without_replacement));
}

TEST_F(ExactOnDevice, rules_of_independent_siblings_write_the_targets_texts) {
  Layered pair({2});
  const Scenario scenario{"", nullptr, nullptr, {.temperature = 0.8, .top_k = 3}, {{{3, 1}, 2}}, {}};
  expect_exact(check<MultiRound>(scenario, pair, Draw::independent));
  constexpr double kPrecisionOfRho = 1e-10;
  expect_exact(check<KSeq>(scenario, pair, Draw::independent, kPrecisionOfRho), kPrecisionOfRho);
}

TEST_F(ExactOnDevice, without_replacement_writes_the_targets_texts) {
  Layered pair({2});
  expect_exact(check<WithoutReplacement>(two_tokens(), pair, Draw::without_replacement));
}

TEST_F(ExactOnDevice, rules_from_the_leaves_on_write_the_targets_texts) {
  Chain chain(2);
  Layered pair({2}), tree({2, 1});
  expect_exact(check<Block>(three_tokens(), chain, Draw::without_replacement));
  expect_exact(check<Traversal>(two_tokens(), pair, Draw::without_replacement));
  expect_exact(check<Traversal>(two_texts({.top_k = 2}), tree, Draw::independent));
}

TEST_F(ExactOnDevice, greedy_writes_the_targets_likeliest_text) {
  Layered tree({2, 1});
  expect_exact(check<Greedy>(three_tokens({.temperature = 0}), tree, Draw::fixed));
}

TEST_F(ExactOnDevice, a_rule_that_does_not_take_away_from_q_is_seen) {
  Layered pair({2});
  const auto device = cuda_rule(std::make_unique<SpeculativeSampling>(), {.stream = stream_});
  SteeredRule honest(*device, std::make_unique<SpeculativeSampling>(), stream_);
  Misdeclared rule(honest, Draw::independent);
  const ExactResult result = check(two_tokens(), rule, pair, Draw::without_replacement);
  EXPECT_TRUE(result.complete);
  EXPECT_GT(result.distance, 1e-3);
}

TEST_F(ExactOnDevice, a_rule_that_decides_unlike_its_twin_is_seen) {
  Chain chain(2);
  const ExactResult result =
      check<TargetOnly, SpeculativeSampling>(three_tokens(), chain, Draw::without_replacement);
  EXPECT_GT(result.distance, 1e-3);
}

}  // namespace
}  // namespace speclab
