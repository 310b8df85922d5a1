// What is left of a node's distributions where the last bit, or the rarest case, decides.
#include <cmath>

#include "core/numerics/softmax.h"
#include "core/random/counter_rng.h"
#include "experiments/point/cuda_backend_rules.h"
#include "strategies/rules/speculative_sampling.h"
#include "tests/gpu/rows.h"

namespace speclab {
namespace {

// One node's siblings below the root, drawn from rows that a test chooses; the q may be on no scale.
struct OneNode {
  std::vector<float> logits;
  std::vector<double> q;
  Draw draw;
  std::vector<Token> siblings;
};

class CudaResidualOnDevice : public OnDevice {
 protected:
  void SetUp() override {
    OnDevice::SetUp();
    if (IsSkipped()) return;
    stream_ = std::make_shared<Stream>();
    device_ = cuda_rule(std::make_unique<SpeculativeSampling>(), {.stream = stream_});
  }
  // What `sequences` judges with a chance each make of it: (path, next) one after another.
  template <class Rule>
  std::vector<int> judge(Rule& rule, const OneNode& node, Place place, int sequences) {
    const int vocab = static_cast<int>(node.logits.size()), rows = 1 + static_cast<int>(node.siblings.size());
    std::vector<float> logits;
    for (int row = 0; row < rows; ++row) logits.insert(logits.end(), node.logits.begin(), node.logits.end());
    const auto device_logits = to_device(logits, *stream_);
    const auto device_q = to_device(node.q, *stream_);
    Draft draft;
    draft.reset(0);
    draft.set_draw(node.draw);
    for (const Token token : node.siblings) draft.add(0, token);
    draft.set_scores(0, {place == Place::host ? node.q.data() : device_q.data(), vocab, place, Scalar::f64});
    std::vector<Sequence> all(static_cast<std::size_t>(sequences));
    std::vector<Sequence*> batch;
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].judge_chance = std::make_shared<CounterRng>(9, i, 4);
      batch.push_back(&all[i]);
    }
    const std::vector<Draft> drafts(all.size(), draft);
    std::vector<Verdict> verdicts(all.size());
    Forward target;
    target.logits = {place == Place::host ? logits.data() : device_logits.data(), rows, vocab, place};
    target.first.assign(all.size(), 0);
    rule.judge(batch, drafts, target, verdicts);
    std::vector<int> seen;
    for (const Verdict& verdict : verdicts) {
      seen.push_back(verdict.path.empty() ? 0 : verdict.path[0]);
      seen.push_back(verdict.next);
    }
    return seen;
  }
  void expect_alike(const OneNode& node, int sequences) {
    EXPECT_EQ(judge(*device_, node, Place::device, sequences), judge(host_, node, Place::host, sequences));
  }

  std::shared_ptr<Stream> stream_;
  std::unique_ptr<AcceptanceRule> device_;
  SpeculativeSampling host_;
};

TEST_F(CudaResidualOnDevice, a_proposal_that_is_used_up_is_uniform_over_the_rest) {
  std::vector<float> logits;
  for (const double p : {0.3, 0.3, 0.05, 0.18, 0.03, 0.05, 0.05, 0.04})
    logits.push_back(static_cast<float>(std::log(p)));
  const std::vector<double> one{0, 0, 1, 0, 0, 0, 0, 0}, two{0, 0, 0.5, 0, 0.5, 0, 0, 0};
  for (const std::vector<double>& certain : {one, two})
    expect_alike({logits, certain, Draw::without_replacement, {2, 4, 6, 5, 7, 3, 1}}, 128);
}

TEST_F(CudaResidualOnDevice, a_candidate_that_leaves_nothing_is_accepted) {
  expect_alike({{0, 0, 0, 0}, {0.5, 0.5, 0.5, 0.5}, Draw::independent, {3}}, 16);
}

// Scales half of q such that the verdict turns at the very next number: what follows from any other order of
// summation, or another rounding, turns elsewhere.
TEST_F(CudaResidualOnDevice, the_last_bit_of_a_residual_decides_as_on_the_host) {
  int turns = 0;
  for (std::uint64_t seed = 0; seed < 16; ++seed) {
    OneNode node{telling_logits(1, 50, seed), {}, Draw::independent, {7}};
    std::vector<double> q(50);
    softmax(telling_logits(1, 50, seed + 100), {}, q);
    const auto scale = [&](double factor) {
      node.q = q;
      for (std::size_t i = 0; i < 25; ++i) node.q[i] *= factor;
      node.q[7] = 1e9;  // never accepted
    };
    const auto on_host = [&](double factor) {
      scale(factor);
      return judge(host_, node, Place::host, 1);
    };
    double low = 0, high = 1e4;
    const auto at_low = on_host(low);
    if (on_host(high) == at_low) continue;
    for (double middle = high / 2; low < middle && middle < high; middle = low + (high - low) / 2)
      (on_host(middle) == at_low ? low : high) = middle;
    ++turns;
    for (const double factor : {low, high}) {
      scale(factor);
      expect_alike(node, 1);
    }
  }
  EXPECT_GE(turns, 4);
}

}  // namespace
}  // namespace speclab
