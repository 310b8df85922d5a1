// How many guesses a rule accepts, counted over all outcomes, against what the papers say; and that rules are
// lossless for drafts that no registered drafter makes: several proposers, distributions that are used up.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "core/numerics/softmax.h"
#include "strategies/rules/block.h"
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
#include "strategies/topologies/chain.h"
#include "strategies/topologies/layered.h"
#include "tests/support/enumerated_step.h"

namespace speclab {
namespace {

constexpr double kExact = 1e-12;
using Distribution = std::vector<double>;

// A random target row and the proposers' distributions, over four tokens.
struct Case {
  explicit Case(std::uint64_t seed) {
    const Markov random = Markov::random(kVocab, 4, seed);
    logits.assign(random.row(0).begin(), random.row(0).end());
    p.resize(kVocab);
    softmax(logits, {}, p);
    for (Token row = 1; row < kVocab; ++row) {
      q.emplace_back(kVocab);
      softmax(random.row(row), {}, q.back());
    }
  }

  static constexpr int kVocab = 4;
  std::vector<float> logits;
  Distribution p;
  std::vector<Distribution> q;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (std::uint64_t seed = 31; seed < 39; ++seed) all.emplace_back(seed);
  return all;
}

double sum_over(std::size_t vocab, const std::function<double(std::size_t)>& term) {
  double sum = 0;
  for (std::size_t x = 0; x < vocab; ++x) sum += term(x);
  return sum;
}

double overlap(const Distribution& p, const Distribution& q, double rho = 1) {
  return sum_over(p.size(), [&](std::size_t x) { return std::min(p[x] / rho, q[x]); });
}

double distance(const Distribution& a, const Distribution& b) {
  return sum_over(a.size(), [&](std::size_t x) { return std::abs(a[x] - b[x]); }) / 2;
}

// 1 - (1 - beta(rho))^k = rho beta(rho).
double kseq_rho(const Distribution& p, const Distribution& q, int k) {
  double low = 1, high = k;
  for (int i = 0; i < 200; ++i) {
    const double rho = (low + high) / 2, beta = overlap(p, q, rho);
    (1 - std::pow(1 - beta, k) > rho * beta ? low : high) = rho;
  }
  return high;
}

TEST(Node, EveryLosslessRuleEmitsTheTarget) {
  SpeculativeSampling as_drawn;
  Traversal traversal;
  TargetOnly target_only;
  SampleAndMatch match;
  MultiRound multi_round;
  WithoutReplacement without;
  KSeq kseq;
  LenientSampling strict(1);
  const Draw fixed = Draw::fixed, iid = Draw::independent, apart = Draw::without_replacement;
  for (const Case& c : cases()) {
    const std::vector<std::vector<Proposals>> mixed = {
        {{c.q[0], 2, iid}, {c.q[1], 1, iid}},
        {{c.q[0], 1, fixed}, {c.q[1], 2, apart}},
        {{c.q[0], 2, apart}, {c.q[1], 1, fixed}},
        {{c.q[0], 1, apart}, {c.q[1], 1, iid}, {c.q[2], 1, fixed}}};
    for (const auto& proposers : mixed) {
      for (AcceptanceRule* rule :
           std::initializer_list<AcceptanceRule*>{&as_drawn, &traversal, &target_only, &match, &strict}) {
        EXPECT_LE(distance(enumerate_node(*rule, c.logits, proposers).emitted, c.p), kExact);
      }
    }
    EXPECT_LE(distance(enumerate_node(multi_round, c.logits, mixed[0]).emitted, c.p), kExact);
    for (int k = 1; k <= 4; ++k) {
      EXPECT_LE(distance(enumerate_node(kseq, c.logits, {{c.q[0], k, iid}}).emitted, c.p), kExact);
    }
    // q is used up after one token, and after two.
    for (const Distribution& sparse : {Distribution{0, 0, 1, 0}, Distribution{0.25, 0, 0, 0.75}}) {
      for (const int count : {1, 2, 3, 4}) {
        for (AcceptanceRule* rule : std::initializer_list<AcceptanceRule*>{&as_drawn, &traversal, &without}) {
          EXPECT_LE(distance(enumerate_node(*rule, c.logits, {{sparse, count, apart}}).emitted, c.p), kExact);
        }
      }
    }
  }
}

TEST(Node, SampleAndMatchAcceptsWhatADrawHits) {
  SampleAndMatch rule;
  for (const Case& c : cases()) {
    for (int k = 1; k <= 3; ++k) {
      const double expected =
          sum_over(4, [&](std::size_t x) { return c.p[x] * (1 - std::pow(1 - c.q[0][x], k)); });
      EXPECT_NEAR(enumerate_node(rule, c.logits, {{c.q[0], k}}).accepted, expected, kExact);
    }
  }
}

// SpecInfer: 1 - prod r_i, r_i = 1 - sum min(P_i, q), P_{i+1} = norm(max(0, P_i - q)).
TEST(Node, MultiRoundAcceptsAsSpecInferSays) {
  MultiRound multi_round;
  SpeculativeSampling in_order;
  for (const Case& c : cases()) {
    Distribution p = c.p;
    double rejected = 1;
    for (int k = 1; k <= 3; ++k) {
      rejected *= 1 - overlap(p, c.q[0]);
      subtract(p, c.q[0]);
      EXPECT_NEAR(enumerate_node(multi_round, c.logits, {{c.q[0], k}}).accepted, 1 - rejected, kExact);
      EXPECT_NEAR(enumerate_node(in_order, c.logits, {{c.q[0], k}}).accepted, 1 - rejected, kExact);
    }
  }
}

// Of two proposers either comes first with probability 1/2.
TEST(Node, MultiRoundTakesProposersInRandomOrder) {
  MultiRound rule;
  for (const Case& c : cases()) {
    const auto in_turn = [&](const Distribution& first, const Distribution& second) {
      Distribution p = c.p;
      const double accepted = overlap(p, first);
      subtract(p, first);
      return accepted + (1 - accepted) * overlap(p, second);
    };
    EXPECT_NEAR(enumerate_node(rule, c.logits, {{c.q[0]}, {c.q[1]}}).accepted,
                (in_turn(c.q[0], c.q[1]) + in_turn(c.q[1], c.q[0])) / 2, kExact);
  }
}

TEST(Node, KSeqAcceptsAsSpecTrSays) {
  KSeq rule;
  for (const Case& c : cases()) {
    for (int k = 1; k <= 4; ++k) {
      const double beta = overlap(c.p, c.q[0], kseq_rho(c.p, c.q[0], k));
      const double accepted = enumerate_node(rule, c.logits, {{c.q[0], k}}).accepted;
      EXPECT_NEAR(accepted, 1 - std::pow(1 - beta, k), 1e-9);  // the precision of rho
      const double at_best = k * overlap(c.p, c.q[0], k);      // sum min(p, k q): nothing accepts more
      EXPECT_GE(accepted, (1 - std::pow(1 - 1.0 / k, k)) * at_best - 1e-9);
    }
  }
}

TEST(Node, KSeqOfOneIsSpeculativeSampling) {
  KSeq kseq;
  SpeculativeSampling speculative;
  for (const Case& c : cases()) {
    const EnumeratedNode one = enumerate_node(kseq, c.logits, {{c.q[0], 1}}),
                         other = enumerate_node(speculative, c.logits, {{c.q[0], 1}});
    EXPECT_NEAR(one.accepted, overlap(c.p, c.q[0]), kExact);
    EXPECT_NEAR(one.accepted, other.accepted, kExact);
    EXPECT_LE(distance(one.emitted, other.emitted), kExact);
  }
}

TEST(Node, TargetOnlyAcceptsTheMassOfTheChildren) {
  TargetOnly rule;
  for (const Case& c : cases()) {
    Distribution left = c.q[0];
    double mass = 0;
    for (int k = 1; k <= 3; ++k) {
      const auto likeliest = static_cast<std::size_t>(std::ranges::max_element(left) - left.begin());
      mass += c.p[likeliest];
      left[likeliest] = 0;
      EXPECT_NEAR(enumerate_node(rule, c.logits, {{c.q[0], k, Draw::fixed}}).accepted, mass, kExact);
    }
    const double of_one = sum_over(4, [&](std::size_t x) { return c.p[x] * c.q[0][x]; });
    EXPECT_NEAR(enumerate_node(rule, c.logits, {{c.q[0], 1}}).accepted, of_one, kExact);
  }
}

// Leviathan et al. 2023, appendix A.5: alpha(l) = sum min(p / l, q). The text is as far from the target as
// the acceptance is above that of speculative sampling.
TEST(Node, LenienceBuysAcceptanceWithDistance) {
  for (const Case& c : cases()) {
    for (const double l : {1.0, 0.5, 0.1}) {
      LenientSampling rule(l);
      const EnumeratedNode node = enumerate_node(rule, c.logits, {{c.q[0], 1}});
      EXPECT_NEAR(node.accepted, overlap(c.p, c.q[0], l), kExact);
      EXPECT_NEAR(distance(node.emitted, c.p), overlap(c.p, c.q[0], l) - overlap(c.p, c.q[0]), kExact);
      for (std::size_t x = 0; x < 4; ++x) EXPECT_LE(node.emitted[x], c.p[x] / l + kExact);
      const auto likeliest = static_cast<std::size_t>(std::ranges::max_element(c.q[0]) - c.q[0].begin());
      EXPECT_NEAR(enumerate_node(rule, c.logits, {{c.q[0], 1, Draw::fixed}}).accepted,
                  std::min(1.0, c.p[likeliest] / l), kExact);
    }
  }
}

std::vector<float> logits_of(const Distribution& p) {
  std::vector<float> logits;
  for (const double x : p) logits.push_back(static_cast<float>(std::log(x)));
  return logits;
}

Distribution only(std::size_t token) {
  Distribution q(4);
  q[token] = 1;
  return q;
}

// What each single guess is taken for, without any chance.
std::vector<bool> accepted_tokens(AcceptanceRule& rule, const Distribution& p,
                                  const Sampling& sampling = {}) {
  std::vector<bool> accepted;
  for (std::size_t x = 0; x < p.size(); ++x) {
    const EnumeratedNode node = enumerate_node(rule, logits_of(p), {{only(x), 1, Draw::fixed}}, sampling);
    accepted.push_back(node.accepted == 1);
    EXPECT_EQ(node.emitted, only(accepted.back() ? x : 0)) << "else the likeliest, here always the first";
  }
  return accepted;
}

using Accepted = std::vector<bool>;

TEST(Node, LenienceActsBeforeTheArgmax) {
  const Distribution p{0.45, 0.35, 0.15, 0.05};
  const Sampling greedy{0, 0, 1};
  for (const auto& [l, expected] : {std::pair<double, Accepted>{1, {true, false, false, false}},
                                    {0.7, {true, true, false, false}},
                                    {0.3, {true, true, true, false}},
                                    {0.1, {true, true, true, true}}}) {
    EXPECT_EQ(accepted_tokens(*lenient(l), p, greedy), expected) << l;
  }
}

// H = 1.14 nats; 0.3 exp(-H) = 0.0957, and the other bound is 0.09.
TEST(Node, TypicalAcceptsAboveTheSmallerBound) {
  const Distribution p{0.5, 0.3, 0.15, 0.05};
  Typical medusa(0.09, 0.3), by_entropy(1, 0.3), by_more_entropy(1, 0.6), exact(1, 1e9);
  EXPECT_EQ(accepted_tokens(medusa, p), (Accepted{true, true, true, false}));
  EXPECT_EQ(accepted_tokens(by_entropy, p), (Accepted{true, true, true, false}));
  EXPECT_EQ(accepted_tokens(by_more_entropy, p), (Accepted{true, true, false, false}));
  EXPECT_EQ(accepted_tokens(exact, p), (Accepted{false, false, false, false}));
  EXPECT_EQ(accepted_tokens(medusa, p, {0, 0, 1}), (Accepted{true, false, false, false}));
}

// Of drawn guesses it keeps the likeliest under the target, so that the text is far from the target by hand.
TEST(Node, TypicalIsAsFarFromTheTargetAsCounted) {
  Typical rule(0.09, 0.3);
  const Distribution p{0.5, 0.3, 0.15, 0.05}, q{0.1, 0.2, 0.3, 0.4};
  const Distribution one = enumerate_node(rule, logits_of(p), {{q, 1}}).emitted;
  EXPECT_LE(distance(one, {0.1 + 0.4, 0.2, 0.3, 0}), kExact);  // the fourth is rejected, the first instead
  const Distribution two = enumerate_node(rule, logits_of(p), {{q, 2}}).emitted;
  EXPECT_LE(distance(two, {1 - 0.9 * 0.9 + 0.4 * 0.4, 0.9 * 0.9 - 0.7 * 0.7, 0.7 * 0.7 - 0.4 * 0.4, 0}),
            kExact);
  EXPECT_NEAR(distance(one, p), 0.15, kExact);
}

TEST(Node, RelaxedAcceptsNearTheLikeliest) {
  const Distribution p{0.45, 0.35, 0.15, 0.05};
  Relaxed wide(10, 0.6), near_by(10, 0.2), of_two(2, 1), exact(1, 1);
  for (const double temperature : {0.0, 1.0, 2.0}) {
    const Sampling sampling{temperature, 0, 1};
    EXPECT_EQ(accepted_tokens(wide, p, sampling), (Accepted{true, true, true, true}));
    EXPECT_EQ(accepted_tokens(near_by, p, sampling), (Accepted{true, true, false, false}));
    EXPECT_EQ(accepted_tokens(of_two, p, sampling), (Accepted{true, true, false, false}));
    EXPECT_EQ(accepted_tokens(exact, p, sampling), (Accepted{true, false, false, false}));
  }
}

// Root -> 1 or 2, 1 -> 3 (unlikely) or 0, 2 -> 0: the longest paths are 1 0 and 2 0, and the second is
// likelier.
TEST(Tree, TypicalKeepsTheLongestPathAndOfThoseTheLikeliest) {
  const Distribution after_0{0.5, 0.2, 0.25, 0.05}, after_1{0.3, 0.3, 0.38, 0.02},
      after_2{0.9, 0.04, 0.03, 0.03};
  Draft draft;
  draft.reset(0);
  const int one = draft.add(0, 1), two = draft.add(0, 2);
  draft.add(one, 3);
  draft.add(one, 0);
  const int likeliest = draft.add(two, 0);
  std::vector<float> rows;
  for (const Distribution& p : {after_0, after_1, after_2, after_0, after_0, after_0}) {
    const std::vector<float> row = logits_of(p);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  Forward forward;
  forward.logits = {rows.data(), 6, 4, Place::host};
  forward.first = {0};
  Sequence sequence{};
  Sequence* batch[] = {&sequence};
  const auto verdict_of = [&](const Draft& judged) {
    Verdict verdict;
    Typical rule(0.09, 0.3);
    rule.judge(batch, {&judged, 1}, forward, {&verdict, 1});
    return verdict;
  };
  EXPECT_EQ(verdict_of(draft).path, (std::vector<int>{two, likeliest}));
  EXPECT_EQ(verdict_of(draft).next, 0);
  Draft without_the_last;
  without_the_last.reset(0);
  without_the_last.add(0, 1);
  without_the_last.add(0, 2);
  without_the_last.add(1, 3);
  without_the_last.add(1, 0);
  EXPECT_EQ(verdict_of(without_the_last).path, (std::vector<int>{1, 4})) << "longer before likelier";
}

// Sums over all texts of a chain of the draft, from token 0 on.
struct Texts {
  double by_token = 0, by_block = 0, at_best = 0;
  std::vector<double> block_at_least;  // by length

  Texts(const Markov& target, const Markov& draft, int length) : target_(target), draft_(draft) {
    block_at_least.assign(static_cast<std::size_t>(length) + 1, 0);
    extend(0, 1, 1, 1, 1, 1, length);
    for (std::size_t l = 1; l < block_at_least.size(); ++l) by_block += block_at_least[l];
  }

 private:
  // `ms` and `mb` are the text's probabilities under draft and target, `tokens` the product of min(1, p / q),
  // `block` Sun et al.'s p_i.
  void extend(Token last, double ms, double mb, double tokens, double block, std::size_t length, int left) {
    if (left == 0) return;
    Distribution p(static_cast<std::size_t>(target_.vocab())), q(p.size());
    softmax(target_.row(last), {}, p);
    softmax(draft_.row(last), {}, q);
    for (std::size_t x = 0; x < p.size(); ++x) {
      const double ratio = p[x] / q[x], s = ms * q[x], b = mb * p[x], here = std::min(1.0, block * ratio);
      by_token += s * tokens * std::min(1.0, ratio);
      block_at_least[length] += s * here;
      at_best += std::min(s, b);
      extend(static_cast<Token>(x), s, b, tokens * std::min(1.0, ratio), here, length + 1, left - 1);
    }
  }

  const Markov& target_;
  const Markov& draft_;
};

std::shared_ptr<const Markov> random_source(std::uint64_t seed) {
  return std::make_shared<const Markov>(Markov::random(3, 3, seed));
}

// E[tau] = sum over l and texts x of length l of M_s(x) p_l(x). It lies between token verification and
// sum min(M_s(x), M_b(x)), which a verifier would reach that knew all texts' probabilities, not the draft's
// alone.
TEST(Chain, BlockVerificationAcceptsAsMuchAsItsPaperSays) {
  SpeculativeSampling token;
  Block block;
  Traversal traversal;
  double gained = 0;
  for (std::uint64_t seed = 51; seed < 57; ++seed) {
    const auto target = random_source(seed), draft = random_source(seed + 100);
    for (int length = 1; length <= 4; ++length) {
      Chain chain(length);
      const Texts texts(*target, *draft, length);
      const EnumeratedStep by_token = enumerate_step(token, chain, Draw::without_replacement, target, draft);
      const EnumeratedStep by_block = enumerate_step(block, chain, Draw::independent, target, draft);
      const EnumeratedStep by_tree = enumerate_step(traversal, chain, Draw::independent, target, draft);
      EXPECT_NEAR(by_token.mean, texts.by_token, kExact);
      EXPECT_NEAR(by_block.mean, texts.by_block, kExact);
      ASSERT_EQ(by_block.at_least.size(), texts.block_at_least.size());
      for (std::size_t l = 1; l < texts.block_at_least.size(); ++l) {
        EXPECT_NEAR(by_block.at_least[l], texts.block_at_least[l], kExact);
        EXPECT_NEAR(by_tree.at_least[l], texts.block_at_least[l], kExact);
      }
      EXPECT_GE(by_block.mean, by_token.mean - kExact);
      EXPECT_LE(by_block.mean, texts.at_best + kExact);
      if (length == 1) {
        EXPECT_NEAR(by_block.mean, by_token.mean, kExact);
        EXPECT_NEAR(by_block.mean, texts.at_best, kExact);
      }
      gained = std::max(gained, by_block.mean - by_token.mean);
    }
  }
  EXPECT_GT(gained, 0.01) << "else there is nothing to see";
}

// Sun et al. 2024, section 2: two tokens, M_b = (1/3, 2/3), M_s = (2/3, 1/3), two guesses: 10/9 token by
// token, 11/9 as a block, 12/9 at best.
TEST(Chain, BlockVerificationSolvesThePapersExample) {
  const auto source = [](double zero) {
    const std::vector<float> row = logits_of({zero, 1 - zero});
    return std::make_shared<const Markov>(std::vector<std::vector<float>>{row, row});
  };
  const auto target = source(1.0 / 3), draft = source(2.0 / 3);
  Chain chain(2);
  SpeculativeSampling token;
  Block block;
  EXPECT_NEAR(enumerate_step(token, chain, Draw::independent, target, draft).mean, 10.0 / 9, 1e-6);
  EXPECT_NEAR(enumerate_step(block, chain, Draw::independent, target, draft).mean, 11.0 / 9, 1e-6);
  EXPECT_NEAR(Texts(*target, *draft, 2).at_best, 12.0 / 9, 1e-6);  // the sources' logits are floats
}

// At temperature 0, and where the guesses are certain, nothing is to be gained.
TEST(Chain, BlockVerificationGainsNothingWhereGuessesAreFixed) {
  SpeculativeSampling token;
  Block block;
  Chain chain(3);
  for (std::uint64_t seed = 51; seed < 57; ++seed) {
    const auto target = random_source(seed), draft = random_source(seed + 100);
    for (const double temperature : {0.0, 1.0}) {
      const Sampling sampling{temperature, 0, 1};
      EXPECT_NEAR(enumerate_step(block, chain, Draw::fixed, target, draft, sampling).mean,
                  enumerate_step(token, chain, Draw::fixed, target, draft, sampling).mean, kExact);
    }
  }
}

// No theorem says so of trees; these are measured, and printed.
TEST(Tree, TraversalAcceptsMoreOnAverage) {
  SpeculativeSampling from_root;
  Traversal from_leaves;
  Layered tree({2, 1});
  for (const Draw draw : {Draw::without_replacement, Draw::independent}) {
    double root = 0, leaves = 0;
    for (std::uint64_t seed = 51; seed < 57; ++seed) {
      const auto target = random_source(seed), draft = random_source(seed + 100);
      root += enumerate_step(from_root, tree, draw, target, draft).mean / 6;
      leaves += enumerate_step(from_leaves, tree, draw, target, draft).mean / 6;
    }
    fmt::print("accepted from the root {:.4f}, from the leaves {:.4f}\n", root, leaves);
    EXPECT_GT(leaves, root);
  }
}

}  // namespace
}  // namespace speclab
