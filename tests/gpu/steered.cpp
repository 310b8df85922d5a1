#include "tests/gpu/steered.h"

#include <map>
#include <numeric>

#include "core/check.h"

namespace speclab {

bool NotedDecisions::bernoulli(double p) {
  const bool yes = p > 1 - never_ || (p > never_ && source_.bernoulli(p));
  if (p > 0 && p < 1) uniforms_.push_back(yes ? std::pair(0.0, p) : std::pair(p, 1.0));
  return yes;
}

int NotedDecisions::categorical(std::span<const double> weights) {
  const double whole = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<double> likely(weights.begin(), weights.end());
  for (double& weight : likely) weight = weight > never_ * whole ? weight : 0;
  const int chosen = source_.categorical(likely);
  const double before = std::accumulate(weights.begin(), weights.begin() + chosen, 0.0);
  uniforms_.emplace_back(before / whole, (before + weights[chosen]) / whole);
  return chosen;
}

std::shared_ptr<CounterRng> NotedDecisions::steered() const {
  constexpr std::uint64_t kMaxTried = 100'000'000;
  for (std::uint64_t seed = 0; seed < kMaxTried; ++seed) {
    const CounterRng tried(seed, 0, 0);
    std::uint64_t decision = 0;
    bool same = true;
    for (const auto& [low, high] : uniforms_) {
      const double u = counter_uniform(tried.key(), ++decision);
      if (!(same = low <= u && u < high)) break;
    }
    if (same) return std::make_shared<CounterRng>(tried);
  }
  throw BrokenInvariant("decisions too unlikely to find a key for");
}

void SteeredRule::judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
                        std::span<Verdict> verdicts) {
  std::vector<std::shared_ptr<RandomSource>> own;
  std::vector<std::shared_ptr<NotedDecisions>> noted;
  for (Sequence* sequence : batch) {
    own.push_back(sequence->judge_chance);
    noted.push_back(std::make_shared<NotedDecisions>(*own.back(), never_));
    sequence->judge_chance = noted.back();
  }
  std::vector<Verdict> of_twin(verdicts.size());
  twin_.judge(batch, drafts, target, of_twin);
  std::vector<std::shared_ptr<CounterRng>> steered;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i]->judge_chance = steered.emplace_back(noted[i]->steered());
  }
  device_.judge(batch, drafts, target, verdicts);
  for (std::size_t i = 0; i < batch.size(); ++i) batch[i]->judge_chance = own[i];
}

void SteeredDistributions::draw(std::span<const Draws> questions, std::vector<Token>& answers,
                                std::vector<int>& drawn) {
  std::vector<Draws> asked(questions.begin(), questions.end());
  std::vector<Row> rows;
  for (const Draws& question : asked) rows.push_back(question.probabilities);
  reader_.read(rows);
  std::map<RandomSource*, NotedDecisions> noted;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    Draws& question = asked[i];
    question.probabilities = rows[i];
    question.chance = &noted.try_emplace(question.chance, *question.chance).first->second;
  }
  std::vector<Token> of_twin;
  std::vector<int> drawn_by_twin;
  twin_.draw(asked, of_twin, drawn_by_twin);
  std::map<RandomSource*, std::shared_ptr<CounterRng>> steered;
  for (const auto& [source, decisions] : noted) steered[source] = decisions.steered();
  asked.assign(questions.begin(), questions.end());
  for (Draws& question : asked) question.chance = steered.at(question.chance).get();
  device_.draw(asked, answers, drawn);
}

}  // namespace speclab
