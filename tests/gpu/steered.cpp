#include "tests/gpu/steered.h"

#include <deque>
#include <map>
#include <numeric>

#include "core/check.h"

namespace speclab {
namespace {

template <class T>
std::vector<T> values_of(const Row& row, Stream& stream) {
  std::vector<T> values(static_cast<std::size_t>(row.cols));
  copy_bytes(values.data(), row.data, values.size() * sizeof(T), stream);
  stream.wait();
  return values;
}

// The same drafts with scores on the host.
struct DraftsOnHost {
  std::vector<Draft> drafts;
  std::deque<std::vector<double>> rows;

  DraftsOnHost(std::span<const Draft> on_device, Stream& stream)
      : drafts(on_device.begin(), on_device.end()) {
    for (Draft& draft : drafts) {
      for (int node = 0; node < draft.size(); ++node) {
        for (int proposer = 0; proposer < draft.proposers(); ++proposer) {
          const Row row = draft.scores(node, proposer);
          if (!row) continue;
          rows.push_back(values_of<double>(row, stream));
          draft.set_scores(node, {rows.back().data(), row.cols, Place::host, Scalar::f64}, proposer);
        }
      }
    }
  }
};

}  // namespace

bool NotedDecisions::bernoulli(double p) {
  const bool yes = source_.bernoulli(p);
  if (p > 0 && p < 1) uniforms_.push_back(yes ? std::pair(0.0, p) : std::pair(p, 1.0));
  return yes;
}

int NotedDecisions::categorical(std::span<const double> weights) {
  const int chosen = source_.categorical(weights);
  const double whole = std::accumulate(weights.begin(), weights.end(), 0.0),
               before = std::accumulate(weights.begin(), weights.begin() + chosen, 0.0);
  uniforms_.emplace_back(before / whole, (before + weights[static_cast<std::size_t>(chosen)]) / whole);
  return chosen;
}

std::shared_ptr<CounterChance> NotedDecisions::steered() const {
  constexpr std::uint64_t kMostTried = 100'000'000;
  for (std::uint64_t seed = 0; seed < kMostTried; ++seed) {
    const CounterChance tried(seed, 0, 0);
    std::uint64_t decision = 0;
    bool same = true;
    for (const auto& [low, high] : uniforms_) {
      const double u = counter_uniform(tried.key(), ++decision);
      if (!(same = low <= u && u < high)) break;
    }
    if (same) return std::make_shared<CounterChance>(tried);
  }
  throw BrokenInvariant("decisions too unlikely to find a key for");
}

void SteeredRule::judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
                        std::span<Verdict> verdicts) {
  const Rows& rows = target.logits;
  const std::size_t size = static_cast<std::size_t>(rows.count) * static_cast<std::size_t>(rows.cols);
  std::vector<float> logits(size);
  copy_bytes(logits.data(), rows.data, size * sizeof(float), *stream_);
  stream_->wait();
  Forward on_host = target;
  on_host.logits = {logits.data(), rows.count, rows.cols, Place::host};
  const DraftsOnHost drafts_on_host(drafts, *stream_);

  std::vector<std::shared_ptr<Chance>> own;
  std::vector<std::shared_ptr<NotedDecisions>> noted;
  for (Sequence* sequence : batch) {
    own.push_back(sequence->judge_chance);
    noted.push_back(std::make_shared<NotedDecisions>(*own.back()));
    sequence->judge_chance = noted.back();
  }
  std::vector<Verdict> of_twin(verdicts.size());
  twin_.judge(batch, drafts_on_host.drafts, on_host, of_twin);
  std::vector<std::shared_ptr<CounterChance>> steered;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i]->judge_chance = steered.emplace_back(noted[i]->steered());
  }
  device_.judge(batch, drafts, target, verdicts);
  for (std::size_t i = 0; i < batch.size(); ++i) batch[i]->judge_chance = own[i];
}

void SteeredDistributions::draw(std::span<const Draws> questions, std::vector<Token>& answers,
                                std::vector<int>& drawn) {
  std::vector<Draws> asked(questions.begin(), questions.end());
  std::deque<std::vector<double>> rows;
  std::map<Chance*, NotedDecisions> noted;
  for (Draws& question : asked) {
    rows.push_back(values_of<double>(question.probabilities, *stream_));
    question.probabilities = {rows.back().data(), question.probabilities.cols, Place::host, Scalar::f64};
    question.chance = &noted.try_emplace(question.chance, *question.chance).first->second;
  }
  std::vector<Token> of_twin;
  std::vector<int> drawn_by_twin;
  twin_.draw(asked, of_twin, drawn_by_twin);
  std::map<Chance*, std::shared_ptr<CounterChance>> steered;
  for (const auto& [source, decisions] : noted) steered[source] = decisions.steered();
  asked.assign(questions.begin(), questions.end());
  for (Draws& question : asked) question.chance = steered.at(question.chance).get();
  device_.draw(asked, answers, drawn);
}

}  // namespace speclab
