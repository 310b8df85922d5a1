#pragma once

#include <cstdint>
#include <vector>

#include "core/random_source.h"

namespace speclab {

// Every outcome of a run, one after another, each with its probability: a decision replays what the current
// outcome says, or takes its first possible branch; `advance` moves the last decision that has a branch left.
//   Enumeration all;
//   do { run(all); use(all.probability()); } while (all.advance());
class Enumeration : public RandomSource {
 public:
  bool bernoulli(double p) override;
  int categorical(std::span<const double> weights) override;

  double probability() const { return probability_; }  // of the decisions made since the outcome began
  std::int64_t outcomes() const { return outcomes_; }  // begun so far
  bool advance();                                      // false: that was the last one

 private:
  struct Decision {
    std::vector<double> branches;  // probabilities
    std::size_t taken = 0;
  };
  std::size_t decide(std::vector<double> branches);

  std::vector<Decision> decisions_;
  std::size_t made_ = 0;
  double probability_ = 1;
  std::int64_t outcomes_ = 1;
};

}  // namespace speclab
