#include "experiments/certify/trials.h"

#include <fmt/format.h>

#include <atomic>
#include <boost/math/distributions/binomial.hpp>
#include <vector>

#include "core/on_threads.h"
#include "core/random/counter_rng.h"
#include "experiments/certify/controls.h"
#include "experiments/certify/evidence_recorder.h"
#include "experiments/certify/interim_looks.h"
#include "experiments/certify/small_world.h"

namespace speclab {
namespace {

constexpr int kVocab = 16, kBatch = 4, kLength = 64;
constexpr double kSharpness = 3;
constexpr float kResemblance = 0.25f;  // the share of the target's logits in the draft's
const std::vector<Token> kPrompt{0, 1, 2, 0, 1};

Combination combination_for(const Control* control) {
  Combination c;
  c.drafter = "model";
  c.rule = control == nullptr ? "speculative_sampling" : std::string(control->breaks);
  c.topology = "chain";
  c.topology_settings = {{"length", 3}};
  if (control != nullptr && control->requirements.tree) {
    c.topology = "layered";
    c.topology_settings = {{"widths", {8, 2}}};
  }
  if (control != nullptr && control->requirements.independent) c.drafter_settings = {{"draw", "independent"}};
  return c;
}

Sampling sampling_for(const Control* control) {
  return {.temperature = 1, .top_k = control != nullptr && control->requirements.top_k ? 8 : 0, .top_p = 1};
}

// A target, and a draft that resembles it as drafts do: partly.
struct Sources {
  std::shared_ptr<const Markov> target, draft;
  explicit Sources(std::uint64_t seed) {
    const Markov own = Markov::random(kVocab, kSharpness, mix64(2 * seed + 1));
    target = std::make_shared<const Markov>(Markov::random(kVocab, kSharpness, mix64(2 * seed)));
    std::vector<std::vector<float>> rows;
    for (Token last = 0; last < kVocab; ++last) {
      std::vector<float>& row = rows.emplace_back(target->row(last).begin(), target->row(last).end());
      for (std::size_t i = 0; i < row.size(); ++i)
        row[i] = kResemblance * row[i] + (1 - kResemblance) * own.row(last)[i];
    }
    draft = std::make_shared<const Markov>(std::move(rows));
  }
};

std::vector<Sequence> batch_of(std::uint64_t seed, std::uint64_t round, const Sampling& sampling) {
  std::vector<Sequence> batch;
  for (std::uint64_t i = 0; i < kBatch; ++i) {
    const std::uint64_t id = round * kBatch + i;
    batch.push_back({.id = static_cast<SequenceId>(i),
                     .text = kPrompt,
                     .prompt_length = static_cast<int>(kPrompt.size()),
                     .max_new_tokens = kLength,
                     .end_tokens = {},
                     .sampling = sampling,
                     .draft_chance = std::make_shared<CounterRng>(seed, id, 0),
                     .judge_chance = std::make_shared<CounterRng>(seed, id, 1)});
  }
  return batch;
}

Certificate trial(const TrialOptions& options, const Control* control, std::uint64_t seed) {
  const Sources sources(seed);
  SmallWorld world(combination_for(control), sources.target, sources.draft, control);
  Evidence evidence(mix64(seed ^ kGolden));
  RowReader reader;
  EvidenceRecorder witness(world.rule(), evidence, reader);
  world.judge_by(witness);
  InterimLooks looks(options.tokens, options.until_decided);
  for (std::uint64_t round = 0;; ++round) {
    std::vector<Sequence> batch = batch_of(seed, round, sampling_for(control));
    witness.begin_round();
    world.decode(batch);
    if (!looks.due(evidence.tokens())) continue;
    Certificate certificate = looks.take(evidence, options.certificate);
    if (looks.last(certificate)) return certificate;
  }
}

}  // namespace

TrialOutcome run_trials(const TrialOptions& options) {
  const Control* control = options.control.empty() ? nullptr : &find_control(options.control);
  std::atomic<int> lossy{0}, undecided{0};
  std::atomic<std::int64_t> tokens{0};
  on_threads(options.jobs, static_cast<std::size_t>(options.seeds), [&] {
    return [&](std::size_t i) {
      const Certificate c = trial(options, control, options.first_seed + i);
      lossy += c.decision == Decision::lossy ? 1 : 0;
      undecided += c.decision == Decision::undecided ? 1 : 0;
      tokens += c.tokens;
    };
  });

  using boost::math::binomial;
  TrialOutcome outcome;
  outcome.seeds = options.seeds;
  outcome.lossy = lossy;
  outcome.undecided = undecided;
  outcome.tokens = tokens;
  outcome.low = binomial::find_lower_bound_on_p(options.seeds, lossy, 0.025);
  outcome.high = binomial::find_upper_bound_on_p(options.seeds, lossy, 0.025);
  const Combination c = combination_for(control);
  const int top_k = sampling_for(control).top_k;
  outcome.world =
      fmt::format("{} {}{}, batch {}, vocabulary {}", c.topology, c.topology_settings.front().dump(),
                  top_k > 0 ? fmt::format(", top_k {}", top_k) : "", kBatch, kVocab);
  return outcome;
}

}  // namespace speclab
