#include "experiments/certify/scenarios.h"

#include <limits>

namespace speclab {
namespace {

using Source = std::shared_ptr<const Markov>;
constexpr float kNever = -std::numeric_limits<float>::infinity();

Source random_source(int vocab, std::uint64_t seed, double sharpness = 4) {
  return std::make_shared<const Markov>(Markov::random(vocab, sharpness, seed));
}

Source table(std::vector<std::vector<float>> logits) {
  return std::make_shared<const Markov>(std::move(logits));
}

// A random source that never says the tokens from `from` up to, not including, `to`.
Source silent_on(Token from, Token to, int vocab, std::uint64_t seed) {
  const Markov random = Markov::random(vocab, 4, seed);
  std::vector<std::vector<float>> logits;
  for (Token last = 0; last < vocab; ++last) {
    auto& row = logits.emplace_back(random.row(last).begin(), random.row(last).end());
    for (Token token = from; token < to; ++token) row[token] = kNever;
  }
  return table(std::move(logits));
}

// Zeros of the target and of the draft: in turn shared, the one's alone, and all but one token.
Source target_with_zeros() { return table({{0.3f, 1, kNever}, {kNever, 0.2f, -0.5f}, {0, kNever, kNever}}); }
Source draft_with_zeros() { return table({{1, kNever, 0.4f}, {kNever, -0.3f, 0.8f}, {0.1f, 0.5f, 0}}); }

// Equal logits within a row, also where top_k cuts, and equal likeliest tokens.
Source target_with_ties() { return table({{1, 1, 1}, {0, 1, 1}, {2, 0, 0}}); }
Source draft_with_ties() { return table({{1, 0, 1}, {0.5f, 0.5f, 0.5f}, {0, 0, 1}}); }

}  // namespace

std::vector<Scenario> exact_scenarios() {
  // The n-grams at these prompts' ends occur before, so that prompt lookup has guesses.
  const std::vector<Token> prompt{0, 1, 2, 0, 1}, longer{5, 1, 4, 5, 1}, pair{0, 1, 1, 0},
      longer_pair{1, 0, 0, 1, 0, 1};
  const Sampling plain{1, 0, 1}, greedy{0, 0, 1};
  const Source target = random_source(3, 11), draft = random_source(3, 12);
  const Source sharp = random_source(3, 13, 8), flat = random_source(3, 14, 2);
  const Source target_of_5 = random_source(5, 15), draft_of_5 = random_source(5, 16);
  const Source pair_target = random_source(2, 17), pair_draft = random_source(2, 18);
  return {
      {"plain", target, draft, plain, {{prompt, 3}}},
      {"sharp_target", sharp, flat, plain, {{prompt, 2}}},
      {"sharp_draft", flat, sharp, plain, {{prompt, 2}}},
      {"top_k", target, draft, {0.7, 2, 1}, {{prompt, 3}}},
      {"top_p", target, draft, {1.3, 0, 0.8}, {{prompt, 3}}},
      {"top_k_of_five", target_of_5, draft_of_5, {1.2, 3, 1}, {{prompt, 2}}},
      {"top_k_and_top_p", target_of_5, draft_of_5, {2, 4, 0.9}, {{prompt, 2}}},
      {"top_k_of_six", random_source(6, 19), random_source(6, 20), {1.5, 3, 1}, {{longer, 2}}},
      {"zeros", target_with_zeros(), draft_with_zeros(), plain, {{prompt, 3}}},
      {"zeros_and_top_p", target_with_zeros(), draft_with_zeros(), {1, 0, 0.75}, {{prompt, 3}}},
      {"ties", target_with_ties(), draft_with_ties(), {1, 2, 1}, {{prompt, 3}}},
      {"equal", target, target, plain, {{prompt, 3}}},
      {"disjoint", silent_on(0, 2, 4, 21), silent_on(2, 4, 4, 22), plain, {{{3, 2, 3}, 3}}},
      {"one_token", target, draft, plain, {{prompt, 1}}},
      {"end_token", target, draft, plain, {{prompt, 3}}, {2}},
      {"batch", pair_target, pair_draft, plain, {{pair, 3}, {longer_pair, 2}}},
      {"batch_and_end_token", pair_target, pair_draft, {1.5, 0, 1}, {{pair, 3}, {pair, 2}}, {1}},
      {"batch_and_top_k", target, draft, {1, 2, 1}, {{prompt, 2}, {{1, 0}, 2}}},
      {"greedy", target, draft, greedy, {{prompt, 6}}},
      {"greedy_ties", target_with_ties(), draft_with_ties(), greedy, {{prompt, 6}}},
      {"greedy_batch", target, draft, greedy, {{prompt, 6}, {{1, 0}, 3}}, {2}},
  };
}

}  // namespace speclab
