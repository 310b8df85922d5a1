// Rules on device rows against the host's, on drafts of all kinds under the same random numbers.
#include "kernels/cuda/cuda_rules.h"

#include <functional>

#include "core/check.h"
#include "core/counter_chance.h"
#include "core/errors.h"
#include "core/softmax.h"
#include "strategies/rules/greedy.h"
#include "strategies/rules/sample_and_match.h"
#include "strategies/rules/speculative_sampling.h"
#include "strategies/rules/target_only.h"
#include "tests/gpu/rows.h"

namespace speclab {
namespace {

// Numbers out of nothing, for the shapes of drafts.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(mix64(seed + kGolden)) {}
  int below(int bound) { return static_cast<int>((state_ = mix64(state_ + kGolden)) >> 33) % bound; }

 private:
  std::uint64_t state_;
};

struct Mix {
  int vocab = 5;
  int sequences = 48;
  int most_nodes = 7;
};

// A batch of sequences with their drafts and the target's rows, on the host and on the device.
class Judged {
 public:
  Judged(const Mix& mix, std::uint64_t seed, Stream& stream) : mix_(mix), dice_(seed) {
    for (int i = 0; i < mix.sequences; ++i) add(seed, i);
    logits_ = telling_logits(rows_, mix.vocab, seed);
    device_logits_ = to_device(logits_, stream);
    device_scores_ = to_device(scores_, stream);
    for (const Scored& at : scored_) {
      const auto offset = static_cast<std::size_t>(at.row) * static_cast<std::size_t>(mix.vocab);
      const auto row = [&](double* data, Place place) {
        return Row{data + offset, mix_.vocab, place, Scalar::f64};
      };
      host_drafts_[at.draft].set_scores(at.node, row(scores_.data(), Place::host), at.proposer);
      device_drafts_[at.draft].set_scores(at.node, row(device_scores_.data(), Place::device), at.proposer);
    }
  }

  std::vector<Verdict> judge(AcceptanceRule& rule, Place place) {
    std::vector<std::shared_ptr<Chance>> chances;
    std::vector<Sequence*> batch;
    std::uint64_t stream = 0;
    for (Sequence& sequence : sequences_) {
      sequence.judge_chance = std::make_shared<CounterChance>(3, stream++, 2);
      batch.push_back(&sequence);
    }
    Forward target;
    target.logits = {place == Place::host ? logits_.data() : device_logits_.data(), rows_, mix_.vocab, place};
    target.first = first_;
    std::vector<Verdict> verdicts(sequences_.size());
    rule.judge(batch, place == Place::host ? host_drafts_ : device_drafts_, target, verdicts);
    return verdicts;
  }
  std::vector<std::uint64_t> decisions() const {
    std::vector<std::uint64_t> taken;
    for (const Sequence& sequence : sequences_)
      taken.push_back(static_cast<const CounterChance&>(*sequence.judge_chance).taken());
    return taken;
  }
  std::vector<Sequence>& sequences() { return sequences_; }
  std::vector<Draft>& drafts() { return device_drafts_; }
  DeviceBuffer<float>& logits() { return device_logits_; }

 private:
  struct Scored {
    std::size_t draft;
    int node, proposer, row;
  };

  void add(std::uint64_t seed, int i) {
    static const std::vector<Sampling> kSettings{{1, 0, 1}, {0.6, 0, 1}, {1, 3, 1}, {1, 0, 0.7}, {0, 0, 1}};
    Sequence& sequence = sequences_.emplace_back();
    sequence.id = SequenceId{i};
    sequence.sampling = kSettings[(seed + static_cast<std::uint64_t>(i)) % kSettings.size()];
    Draft draft;
    const int proposers = 1 + dice_.below(2);
    draft.reset(0, proposers);
    for (int p = 0; p < proposers; ++p) draft.set_draw(static_cast<Draw>(dice_.below(3)), p);
    const int nodes = dice_.below(mix_.most_nodes + 1);
    while (draft.size() < 1 + nodes) grow(draft, dice_.below(draft.size()));
    first_.push_back(rows_);
    rows_ += draft.size();
    host_drafts_.push_back(draft);
    device_drafts_.push_back(std::move(draft));
  }

  // Siblings below a node that has no children, each drawn as its proposer draws, with a probe at times.
  void grow(Draft& draft, int parent) {
    if (draft.tree().first_child(parent) != TokenTree::kNone || draft.probe(parent)) {
      draft.add(parent, dice_.below(mix_.vocab), 0, true);
      return;
    }
    const int proposer = dice_.below(draft.proposers());
    const Draw draw = draft.draw(proposer);
    std::vector<double> q(static_cast<std::size_t>(mix_.vocab));
    softmax(telling_logits(1, mix_.vocab, 77 + static_cast<std::uint64_t>(rows_ + draft.size())),
            {1, dice_.below(3), 1}, q);
    if (draw != Draw::fixed) {
      scored_.push_back({host_drafts_.size(), parent, proposer,
                         static_cast<int>(scores_.size() / static_cast<std::size_t>(mix_.vocab))});
      scores_.insert(scores_.end(), q.begin(), q.end());
    }
    CounterChance chance(5, static_cast<std::uint64_t>(rows_), static_cast<std::uint64_t>(draft.size()));
    const int siblings = 1 + dice_.below(std::min(3, mix_.vocab - 1));
    for (int i = 0; i < siblings; ++i) {
      const Token token = chance.categorical(q);
      draft.add(parent, token, proposer);
      if (draw == Draw::independent) continue;
      if (take_out(q, token) > 0) continue;
      q.assign(q.size(), 1);  // used up: any other
      for (int child = draft.tree().first_child(parent); child != TokenTree::kNone;
           child = draft.tree().next_sibling(child))
        q[static_cast<std::size_t>(draft.tree().token(child))] = 0;
    }
  }

  Mix mix_;
  Dice dice_;
  int rows_ = 0;
  std::vector<Sequence> sequences_;
  std::vector<Draft> host_drafts_, device_drafts_;
  std::vector<int> first_;
  std::vector<float> logits_;
  std::vector<double> scores_;
  std::vector<Scored> scored_;
  DeviceBuffer<float> device_logits_;
  DeviceBuffer<double> device_scores_;
};

struct Twins {
  std::string name;
  std::function<std::unique_ptr<AcceptanceRule>()> host;
  std::function<std::unique_ptr<AcceptanceRule>(CudaRuleOptions)> device;
};
void PrintTo(const Twins& twins, std::ostream* out) { *out << twins.name; }

template <class Host, class Device>
Twins twins(const char* name) {
  return {name, [] { return std::make_unique<Host>(); },
          [](CudaRuleOptions options) { return std::make_unique<Device>(std::move(options)); }};
}

class CudaRulesOnDevice : public OnDevice, public testing::WithParamInterface<Twins> {
 protected:
  // The batch's verdicts are the same on both sides. The result is how many nodes were accepted.
  std::size_t compare(const Mix& mix, std::uint64_t seed, std::size_t most_numbers = std::size_t{1} << 27) {
    auto stream = std::make_shared<Stream>();
    Judged judged(mix, seed, *stream);
    const auto device_rule = GetParam().device({.stream = stream, .most_numbers = most_numbers});
    const auto host_rule = GetParam().host();
    const std::vector<Verdict> got = judged.judge(*device_rule, Place::device);
    const auto decisions = judged.decisions();
    const std::vector<Verdict> expected = judged.judge(*host_rule, Place::host);
    EXPECT_EQ(decisions, judged.decisions()) << "seed " << seed;
    std::size_t accepted = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(got[i].path, expected[i].path) << "seed " << seed << ", sequence " << i;
      EXPECT_EQ(got[i].next, expected[i].next) << "seed " << seed << ", sequence " << i;
      accepted += got[i].path.size();
    }
    return accepted;
  }
};

TEST_P(CudaRulesOnDevice, judges_like_the_host) {
#ifdef SPECLAB_CUDA_SHIM
  const int turns = GetParam().name == "speculative_sampling" ? 3 : 1;
#else
  const int turns = 100;
#endif
  std::size_t accepted = 0;
  std::uint64_t seed = 0;
  for (const int vocab : {2, 3, 6, 9}) {
    for (int turn = 0; turn < turns; ++turn) {
#ifdef SPECLAB_CUDA_SHIM
      using Kind = cuda_shim::Order::Kind;
      cuda_shim::set_order({turn == 0 ? Kind::reverse : Kind::shuffled, seed});
#endif
      accepted += compare({.vocab = vocab, .sequences = 64}, seed++);
    }
  }
  EXPECT_GT(accepted, static_cast<std::size_t>(50 * turns));
}

TEST_P(CudaRulesOnDevice, judges_wide_rows_like_the_host) {
  for (const int vocab : {65, 700, 2500}) compare({.vocab = vocab, .sequences = 6}, 90);
}

TEST_P(CudaRulesOnDevice, judges_in_groups_where_memory_is_short) {
  for (const std::size_t most : {1, 40, 200}) compare({.vocab = 6, .sequences = 12}, 5, most);
}

INSTANTIATE_TEST_SUITE_P(
    All, CudaRulesOnDevice,
    testing::Values(twins<Greedy, CudaGreedy>("greedy"),
                    twins<SpeculativeSampling, CudaSpeculativeSampling>("speculative_sampling"),
                    twins<TargetOnly, CudaTargetOnly>("target_only"),
                    twins<SampleAndMatch, CudaSampleAndMatch>("sample_and_match")),
    [](const auto& param) { return param.param.name; });

class CudaRuleErrors : public OnDevice {};

TEST_F(CudaRuleErrors, says_what_is_wrong) {
  auto stream = std::make_shared<Stream>();
  CudaSpeculativeSampling rule({.stream = stream});
  EXPECT_THROW(Judged({}, 1, *stream).judge(rule, Place::host), BrokenInvariant) << "rows on the host";

  Judged damaged({}, 1, *stream);
  fill_bytes(damaged.logits().data(), 0xFF, damaged.logits().size() * sizeof(float), *stream);
  EXPECT_THROW(damaged.judge(rule, Place::device), ConfigError) << "NaNs";

  Judged impossible({.sequences = 1}, 1, *stream);
  Draft& draft = impossible.drafts()[0];
  draft.reset(0);
  draft.set_draw(Draw::independent);
  draft.add(0, 1);
  impossible.sequences()[0].sampling = {};
  EXPECT_THROW(impossible.judge(rule, Place::device), BrokenInvariant) << "no scores";
  const auto zeros = to_device(std::vector<double>(5, 0.0), *stream);
  draft.set_scores(0, {zeros.data(), 5, Place::device, Scalar::f64});
  EXPECT_THROW(impossible.judge(rule, Place::device), BrokenInvariant) << "drawn with probability 0";
}

}  // namespace
}  // namespace speclab
