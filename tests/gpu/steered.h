#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "core/acceptance_rule.h"
#include "core/distributions.h"
#include "core/numerics/host_distributions.h"
#include "core/random/counter_rng.h"
#include "core/random_source.h"
#include "kernels/cuda/device_row_reader.h"
#include "strategies/rules/rows_read.h"

namespace speclab {

// The device decides by key and count, an enumeration by probabilities. Here a twin on the host decides
// first, by the sequence's own source, whatever that is; then the device gets a key whose uniforms lie where
// the twin's decisions are taken. What the device makes of them is what counts.

// Decisions of another source, and the uniforms with which a CounterChance takes them: [low, high) each.
class NotedDecisions : public RandomSource {
 public:
  // What is as unlikely as `never` is not decided: no key would be found for it.
  explicit NotedDecisions(RandomSource& source, double never = 0) : source_(source), never_(never) {}

  bool bernoulli(double p) override;
  int categorical(std::span<const double> weights) override;

  // A source that takes the same decisions.
  std::shared_ptr<CounterRng> steered() const;

 private:
  RandomSource& source_;
  double never_;
  std::vector<std::pair<double, double>> uniforms_;
};

// Verdicts of a rule on the device; `twin` is the host's rule of the same name.
class SteeredRule : public AcceptanceRule {
 public:
  SteeredRule(AcceptanceRule& device, std::unique_ptr<AcceptanceRule> twin, std::shared_ptr<Stream> stream,
              double never = 0)
      : device_(device),
        twin_(std::move(twin), std::make_unique<DeviceRowReader>(std::move(stream))),
        never_(never) {}

  bool lossless(const Sampling& sampling) const override { return device_.lossless(sampling); }
  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) override;

 private:
  AcceptanceRule& device_;
  RowsRead twin_;
  double never_;
};

// Answers of the device's distributions.
class SteeredDistributions : public Distributions {
 public:
  SteeredDistributions(Distributions& device, std::shared_ptr<Stream> stream)
      : device_(device), reader_(std::move(stream)) {}

  Place place() const override { return Place::device; }
  void forget() override { device_.forget(); }
  void probabilities(std::span<const Softmax> questions, std::vector<Row>& answers) override {
    device_.probabilities(questions, answers);
  }
  void likeliest(std::span<const Pick> questions, std::vector<Token>& answers) override {
    device_.likeliest(questions, answers);
  }
  void gather(std::span<const Entry> questions, std::vector<double>& answers) override {
    device_.gather(questions, answers);
  }
  void draw(std::span<const Draws> questions, std::vector<Token>& answers, std::vector<int>& drawn) override;

 private:
  Distributions& device_;
  DeviceRowReader reader_;
  HostDistributions twin_;
};

}  // namespace speclab
