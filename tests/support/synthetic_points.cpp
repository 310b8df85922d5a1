#include "tests/support/synthetic_points.h"

#include <algorithm>
#include <random>

namespace speclab {
namespace {

constexpr const char* kLabels[] = {"chat", "code", "summary"};
constexpr double kPredictable[] = {-0.10, 0.10, 0.0};

// Seconds on a machine of no name: measured with noise, priced without.
struct Costs {
  double target, per_node, draft;
};
constexpr Costs kMeasured{4.0e-3, 1.5e-4, 6.0e-4};
constexpr Costs kPriced{3.1e-3, 1.0e-5, 2.7e-4};

class Simulation {
 public:
  Simulation(const SyntheticPoint& point, Recorder& recorder)
      : point_(point), recorder_(recorder), random_(42 + static_cast<unsigned>(point.nodes)) {}

  void run(Role role, int repeat) {
    recorder_.start_run(role, repeat);
    drift_ = 1 + 0.01 * std::normal_distribution<double>()(random_);
    step_ = 0;
    for (int label = 0; label < 3; ++label) {
      for (int i = 0; i < point_.prompts_per_label; ++i) {
        decode(role, label, label * point_.prompts_per_label + i);
      }
    }
  }

 private:
  void decode(Role role, int label, int id) {
    std::mt19937_64 accept(1000u + static_cast<unsigned>(id));  // repeats of a run accept alike
    Sequence sequence;
    sequence.id = SequenceId{id};
    sequence.text = {1, 2, 3, 4};
    sequence.prompt_length = 4;
    sequence.max_new_tokens = point_.new_tokens;
    charge(Actor::target, Op::forward, 3, kMeasured.target, kPriced.target);
    recorder_.admit(sequence, charges_, prices());
    const double mood = std::normal_distribution<double>(0, 0.05)(accept);
    const double agree =
        std::clamp(point_.agreement + kPredictable[label] + mood - 0.1 * point_.temperature, 0.05, 0.97);
    const int depth = role == Role::baseline ? 0 : point_.depth;
    const int nodes = role == Role::baseline ? 0 : point_.nodes;
    const double either = nodes > depth ? 1 - (1 - agree) * (1 - 0.5 * agree) : agree;
    while (!sequence.finished()) {
      int accepted = 0;
      while (accepted < depth && std::bernoulli_distribution(either)(accept)) ++accepted;
      int emitted = 0;
      for (; emitted <= accepted && !sequence.finished(); ++emitted) {
        sequence.text.push_back(static_cast<Token>(accept() % 1000));
      }
      charges_.clear();
      priced_.clear();
      for (int d = 0; d < depth; ++d) charge(Actor::draft, Op::forward, 1, kMeasured.draft, kPriced.draft);
      charge(Actor::target, Op::forward, nodes + 1, kMeasured.target + kMeasured.per_node * nodes,
             kPriced.target + kPriced.per_node * nodes);
      charge(Actor::host, Op::judge, nodes, 2e-5, 2e-5);
      charge(Actor::host, Op::step, 0, 1e-5, 0);
      const StepRow row{{nodes, 0, accepted, emitted}, sequence.id};
      recorder_.step(step_++, {&row, 1}, charges_, prices());
    }
    charges_.clear();
    priced_.clear();
    recorder_.retire(sequence, kLabels[label], 0);
  }

  void charge(Actor actor, Op op, int tokens, Seconds measured, Seconds priced) {
    const double noise = drift_ * (1 + 0.03 * std::normal_distribution<double>()(random_));
    const Seconds own = point_.clock == ClockKind::priced ? priced : measured * noise;
    charges_.push_back({{actor, op, 1, tokens, tokens, 4, tokens}, 0, own});
    priced_.push_back(priced);
  }

  std::span<const Seconds> prices() const {
    if (point_.clock == ClockKind::priced) return {};
    return priced_;
  }

  const SyntheticPoint& point_;
  Recorder& recorder_;
  std::mt19937_64 random_;
  double drift_ = 1;
  std::int64_t step_ = 0;
  std::vector<Charge> charges_;
  std::vector<Seconds> priced_;
};

Provenance made_up(ClockKind clock) {
  Provenance made;
  made.version = "synthetic";
  made.git_commit = "0000000";
  made.cpu = "made-up CPU";
  made.cores = 2;
  made.host = "nowhere";
  made.clock = clock;
  made.started_at = "2000-01-01T00:00:00Z";
  made.command_line = "synthetic data";
  made.priced_device = "made-up GPU";
  made.priced_target = "made-up 8B";
  made.priced_draft = "made-up 1B";
  return made;
}

}  // namespace

PointSettings settings_of(const SyntheticPoint& point, const std::string& experiment) {
  PointSettings settings{experiment,
                         {{"drafter.kind", point.strategy},
                          {"topology.kind", point.topology},
                          {"sampling.temperature", point.temperature},
                          {"rule.kind", "speculative-sampling"},
                          {"seed", 1}}};
  if (point.topology == "chain")
    settings.settings["topology.length"] = point.depth;
  else
    settings.settings["topology.widths"] = {point.nodes - point.depth + 1, point.depth};
  return settings;
}

void record_synthetic(const SyntheticPoint& point, const std::string& experiment,
                      const std::filesystem::path& results) {
  Hdf5Recorder recorder(results, point.record);
  recorder.begin(settings_of(point, experiment), made_up(point.clock));
  Simulation simulation(point, recorder);
  for (int repeat = 0; repeat < point.repeats; ++repeat) {
    simulation.run(Role::baseline, repeat);
    simulation.run(Role::method, repeat);
  }
  recorder.finish();
}

}  // namespace speclab
