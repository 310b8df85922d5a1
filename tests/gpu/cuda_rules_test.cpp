// Rules on device rows against the host's, on drafts of all kinds under the same random numbers.
#include <functional>
#include <optional>
#include <string>
#include <tuple>

#include "core/check.h"
#include "core/errors.h"
#include "core/numerics/softmax.h"
#include "core/random/counter_rng.h"
#include "experiments/point/cuda_backend_rules.h"
#include "kernels/cuda/cuda_row_stats.h"
#include "strategies/rules/block.h"
#include "strategies/rules/greedy.h"
#include "strategies/rules/kseq.h"
#include "strategies/rules/lenient.h"
#include "strategies/rules/multi_round.h"
#include "strategies/rules/relaxed.h"
#include "strategies/rules/sample_and_match.h"
#include "strategies/rules/speculative_sampling.h"
#include "strategies/rules/target_only.h"
#include "strategies/rules/traversal.h"
#include "strategies/rules/typical.h"
#include "strategies/rules/without_replacement.h"
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

// How guesses are made.
struct Kinds {
  std::vector<Draw> draws = {Draw::fixed, Draw::without_replacement, Draw::independent};
  int max_proposers = 2;
  int max_siblings = 3;
};

struct Mix {
  int vocab = 5;
  int sequences = 48;
  int max_nodes = 7;
  Kinds kinds = {};
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
    std::vector<std::shared_ptr<RandomSource>> chances;
    std::vector<Sequence*> batch;
    std::uint64_t stream = 0;
    for (Sequence& sequence : sequences_) {
      sequence.judge_chance = std::make_shared<CounterRng>(3, stream++, 2);
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
      taken.push_back(static_cast<const CounterRng&>(*sequence.judge_chance).taken());
    return taken;
  }
  std::vector<Sequence>& sequences() { return sequences_; }
  int row(std::size_t sequence, int node) const { return first_[sequence] + node; }
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
    const Kinds& kinds = mix_.kinds;
    const int proposers = 1 + dice_.below(kinds.max_proposers);
    draft.reset(0, proposers);
    for (int p = 0; p < proposers; ++p)
      draft.set_draw(kinds.draws[dice_.below(static_cast<int>(kinds.draws.size()))], p);
    const int nodes = dice_.below(mix_.max_nodes + 1);
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
    CounterRng chance(5, static_cast<std::uint64_t>(rows_), static_cast<std::uint64_t>(draft.size()));
    const int siblings = 1 + dice_.below(std::min(mix_.kinds.max_siblings, mix_.vocab - 1));
    for (int i = 0; i < siblings; ++i) {
      const Token token = chance.categorical(q);
      draft.add(parent, token, proposer);
      if (draw == Draw::independent) continue;
      if (take_out(q, token) > 0) continue;
      q.assign(q.size(), 1);  // used up: any other
      for (int child = draft.tree().first_child(parent); child != TokenTree::kNone;
           child = draft.tree().next_sibling(child))
        q[draft.tree().token(child)] = 0;
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

// A rule, and drafts that it may judge.
struct Case {
  std::string name;
  std::function<std::unique_ptr<AcceptanceRule>()> make;
  Kinds kinds = {};
};
void PrintTo(const Case& each, std::ostream* out) { *out << each.name; }

template <class Rule>
Case rule(const char* name, Kinds kinds = {}) {
  return {name, [] { return std::make_unique<Rule>(); }, std::move(kinds)};
}

class CudaRulesOnDevice : public OnDevice, public testing::WithParamInterface<Case> {
 protected:
  static void expect_alike(const AcceptanceRule& device, const AcceptanceRule& host) {
    for (const double temperature : {0.0, 1.0})
      EXPECT_EQ(device.lossless({.temperature = temperature}), host.lossless({.temperature = temperature}));
    EXPECT_EQ(device.requirements().chain, host.requirements().chain);
    EXPECT_EQ(device.requirements().one_proposer, host.requirements().one_proposer);
    EXPECT_EQ(device.requirements().draws, host.requirements().draws);
  }
  // The batch's verdicts are the same on both sides. The result is how many nodes were accepted.
  std::size_t compare(Mix mix, std::uint64_t seed, std::size_t max_numbers = std::size_t{1} << 27) {
    auto stream = std::make_shared<Stream>();
    mix.kinds = GetParam().kinds;
    Judged judged(mix, seed, *stream);
    const auto device_rule = cuda_rule(GetParam().make(), {.stream = stream, .max_numbers = max_numbers});
    const auto host_rule = GetParam().make();
    expect_alike(*device_rule, *host_rule);
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
  const int turns = 20;
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
  for (const int vocab : {65, 700, 2500, 9000}) compare({.vocab = vocab, .sequences = 6}, 90);
}

TEST_P(CudaRulesOnDevice, says_where_it_judges) {
  const auto rule = cuda_rule(GetParam().make(), {.stream = std::make_shared<Stream>()});
  const bool copied = GetParam().name == "a_rule_without_kernels";
  EXPECT_EQ(rule->judges_on(), copied ? "host, on copies of the device's rows" : "device");
  EXPECT_EQ(GetParam().make()->judges_on(), "host");
}

TEST_P(CudaRulesOnDevice, judges_in_groups_where_memory_is_short) {
  for (const std::size_t max : {1, 40, 200}) compare({.vocab = 6, .sequences = 12}, 5, max);
}

// Not of a class that has kernels: it judges on the host.
class OwnRule : public SpeculativeSampling {};

constexpr Draw kApart = Draw::without_replacement, kFree = Draw::independent;

std::vector<Case> all_cases() {
  return {rule<Greedy>("greedy"),
          rule<SpeculativeSampling>("speculative_sampling"),
          rule<OwnRule>("a_rule_without_kernels"),
          rule<TargetOnly>("target_only"),
          rule<SampleAndMatch>("sample_and_match"),
          rule<MultiRound>("multi_round", {.draws = {kFree}, .max_siblings = 6}),
          rule<WithoutReplacement>("without_replacement", {.draws = {kApart}}),
          rule<KSeq>("kseq", {.draws = {kFree}, .max_proposers = 1}),
          rule<Traversal>("traversal"),
          rule<Block>("block", {.max_siblings = 1}),
          Case{"typical", [] { return std::make_unique<Typical>(0.09, 0.3); }},
          Case{"typical_by_entropy", [] { return std::make_unique<Typical>(1, 0.3); }},
          Case{"lenient", [] { return lenient(0.5); }},
          Case{"relaxed", [] { return std::make_unique<Relaxed>(3, 0.3); }}};
}

std::string name_of_case(const testing::TestParamInfo<Case>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(All, CudaRulesOnDevice, testing::ValuesIn(all_cases()), name_of_case);

class CudaRowFactsOnDevice : public OnDevice {};

// What a rule of facts asks for, all of it.
class EveryFact : public DeterministicRule {
 public:
  struct Of {
    Token likeliest;
    double exp_neg_entropy;
    std::vector<std::tuple<float, int, double>> candidates;
    bool operator==(const Of&) const = default;
  };
  bool lossless(const Sampling&) const override { return false; }
  const std::vector<Of>& seen() const { return seen_; }

 protected:
  RowStats::Asked asks(const Sequence& sequence) const override {
    return {true, true, true, sequence.sampling};
  }
  void judge_tree(const Sequence&, const Draft& draft, const TreeStats& target, Verdict&) override {
    for (int node = 0; node < draft.size(); ++node) {
      if (draft.probe(node)) continue;
      Of& of = seen_.emplace_back(Of{target.likeliest(node), target.exp_neg_entropy(node), {}});
      const auto add = [&](Token token) {
        of.candidates.emplace_back(target.logit(node, token), target.ahead(node, token),
                                   target.probability(node, token));
      };
      add(of.likeliest);
      for (int c = draft.first_candidate(node); c != TokenTree::kNone; c = draft.next_candidate(c))
        add(draft.tree().token(c));
    }
  }

 private:
  std::vector<Of> seen_;
};

TEST_F(CudaRowFactsOnDevice, have_the_bits_of_the_host) {
  auto stream = std::make_shared<Stream>();
  for (const int vocab : {3, 9, 700}) {
    Judged judged({.vocab = vocab, .sequences = 12}, 7, *stream);
    EveryFact host;
    judged.judge(host, Place::host);
    ASSERT_GT(host.seen().size(), 12u);
    for (const std::size_t max : {1, 2000, 1 << 20}) {
      EveryFact device;
      device.ask(std::make_unique<CudaRowStats>(CudaRuleOptions{.stream = stream, .max_numbers = max}));
      judged.judge(device, Place::device);
      EXPECT_EQ(device.seen(), host.seen()) << vocab << " tokens, " << max << " numbers at a time";
    }
  }
}

class CudaRuleErrors : public OnDevice, public testing::WithParamInterface<Case> {
 protected:
  // Judges at temperature 1 with NaNs in a row of the target, or in all; what is said.
  static std::string complaint(Judged& judged, std::optional<int> row, int vocab, Stream& stream,
                               AcceptanceRule& rule) {
    for (Sequence& sequence : judged.sequences()) sequence.sampling = {};
    const std::size_t width = static_cast<std::size_t>(vocab),
                      begin = row ? static_cast<std::size_t>(*row) * width : 0,
                      count = row ? width : judged.logits().size();
    fill_bytes(judged.logits().data() + begin, 0xFF, count * sizeof(float), stream);
    try {
      judged.judge(rule, Place::device);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }
};

TEST_P(CudaRuleErrors, name_the_row_that_has_a_nan) {
  auto stream = std::make_shared<Stream>();
  const auto rule = cuda_rule(GetParam().make(), {.stream = stream});
  const Mix mix{.kinds = GetParam().kinds};
  Judged all(mix, 1, *stream);
  EXPECT_NE(complaint(all, {}, mix.vocab, *stream, *rule).find("row 0 "), std::string::npos);
  // The first guess of the first draft that has one.
  Judged one(mix, 1, *stream);
  std::size_t sequence = 0;
  while (one.drafts()[sequence].first_candidate(0) == TokenTree::kNone) ++sequence;
  const int row = one.row(sequence, one.drafts()[sequence].first_candidate(0));
  const std::string said = complaint(one, row, mix.vocab, *stream, *rule);
  // Rules that begin at the root need not come by.
  if (GetParam().name != "traversal" && said.empty()) return;
  EXPECT_NE(said.find("row " + std::to_string(row) + ' '), std::string::npos) << said;
}

class CudaRuleInvariants : public OnDevice {};

TEST_F(CudaRuleInvariants, say_what_is_wrong) {
  auto stream = std::make_shared<Stream>();
  const std::unique_ptr<AcceptanceRule> made =
      cuda_rule(std::make_unique<SpeculativeSampling>(), {.stream = stream});
  AcceptanceRule& rule = *made;
  EXPECT_THROW(Judged({}, 1, *stream).judge(rule, Place::host), BrokenInvariant) << "rows on the host";

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

// What reads rows on the host finds NaNs there.
std::vector<Case> cases_with_kernels() {
  std::vector<Case> cases = all_cases();
  std::erase_if(cases, [](const Case& each) { return each.name == "a_rule_without_kernels"; });
  return cases;
}

INSTANTIATE_TEST_SUITE_P(All, CudaRuleErrors, testing::ValuesIn(cases_with_kernels()), name_of_case);

}  // namespace
}  // namespace speclab
