#include "experiments/certify/exact.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/numerics/softmax.h"
#include "core/random/enumeration.h"

namespace speclab {
namespace {

struct Probability {
  double expected = 0, found = 0;
};

// The new tokens of all sequences, each text closed by kTextEnd, in the order of the batch.
using Texts = std::vector<Token>;
constexpr Token kTextEnd = -1;

// The target's own joint distribution of a batch's texts, from its rows alone.
class Expected {
 public:
  Expected(const Scenario& scenario, const NextLogits& target, std::map<Texts, Probability>& joint)
      : scenario_(scenario), target_(target), joint_(joint) {
    request(0, 1);
  }

 private:
  void request(std::size_t index, double probability) {
    if (index == scenario_.requests.size()) {
      joint_[texts_].expected = probability;
      return;
    }
    std::vector<Token> text = scenario_.requests[index].prompt;
    extend(index, text, 0, probability);
  }

  void extend(std::size_t index, std::vector<Token>& text, int length, double probability) {
    const bool ended = length > 0 && std::ranges::count(scenario_.end_tokens, text.back()) > 0;
    if (ended || length == scenario_.requests[index].tokens) {
      texts_.push_back(kTextEnd);
      request(index + 1, probability);
      texts_.pop_back();
      return;
    }
    const std::span<const float> logits = target_(text);
    std::vector<double> p(logits.size());
    softmax(logits, scenario_.sampling, p);
    for (std::size_t i = 0; i < p.size(); ++i) {
      if (p[i] <= 0) continue;
      const auto token = static_cast<Token>(i);
      texts_.push_back(token);
      text.push_back(token);
      extend(index, text, length + 1, probability * p[i]);
      text.pop_back();
      texts_.pop_back();
    }
  }

  const Scenario& scenario_;
  const NextLogits& target_;
  std::map<Texts, Probability>& joint_;
  Texts texts_;
};

}  // namespace

ExactResult exact_check(const Scenario& scenario, const std::function<void(std::span<Sequence>)>& decode,
                        std::int64_t max_outcomes) {
  const NextLogits table = [&](std::span<const Token> text) { return scenario.target->row(text.back()); };
  return exact_check(scenario, table, decode, max_outcomes);
}

ExactResult exact_check(const Scenario& scenario, const NextLogits& target,
                        const std::function<void(std::span<Sequence>)>& decode, std::int64_t max_outcomes) {
  std::map<Texts, Probability> joint;
  const Expected expected(scenario, target, joint);

  const auto all = std::make_shared<Enumeration>();
  std::vector<Sequence> sequences;
  for (const Scenario::Request& request : scenario.requests) {
    sequences.push_back({.id = SequenceId(sequences.size()),
                         .text = request.prompt,
                         .prompt_length = static_cast<int>(request.prompt.size()),
                         .max_new_tokens = request.tokens,
                         .end_tokens = scenario.end_tokens,
                         .sampling = scenario.sampling,
                         .draft_chance = all,
                         .judge_chance = all});
  }
  ExactResult result;
  Texts texts;
  for (bool more = true; more && result.outcomes < max_outcomes;) {
    for (Sequence& s : sequences) {
      s.text.resize(static_cast<std::size_t>(s.prompt_length));
      s.draft_chance = s.judge_chance = all;
    }
    decode(sequences);
    texts.clear();
    for (const Sequence& s : sequences) {
      texts.insert(texts.end(), s.text.begin() + s.prompt_length, s.text.end());
      texts.push_back(kTextEnd);
    }
    joint[texts].found += all->probability();
    result.mass += all->probability();
    ++result.outcomes;
    more = all->advance();
    result.complete = !more;
  }

  double missing = 0;
  for (const auto& [_, probability] : joint) {
    result.distance += std::max(probability.found - probability.expected, 0.0);
    missing += std::max(probability.expected - probability.found, 0.0);
  }
  if (result.complete) result.distance = (result.distance + missing) / 2;
  return result;
}

ExactResult exact_check(const Scenario& scenario, const Combination& combination, const Control* control,
                        std::int64_t max_outcomes) {
  SmallWorld world(combination, scenario.target, scenario.draft, control);
  return exact_check(
      scenario, [&](std::span<Sequence> sequences) { world.decode(sequences); }, max_outcomes);
}

}  // namespace speclab
