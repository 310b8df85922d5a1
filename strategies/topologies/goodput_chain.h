#pragma once

#include <map>

#include "strategies/topologies/acceptance_estimate.h"
#include "strategies/topologies/adaptive_chain.h"
#include "strategies/topologies/step_prices.h"

namespace speclab {

// One length for the whole batch, that which promises most tokens per second: the tokens that a sequence gets
// on average, by how often the batch's guesses were right at each depth, over the price of a target pass of
// K + 1 tokens a sequence and K draft passes, for as many sequences as are running (goodput of SmartSpec, Liu
// et al. 2024, arXiv 2406.14066, section 4; TurboSpec). K = 0 is plain decoding.
// What is not drafted teaches nothing, so it explores: a run starts with a guess for everyone until
// kFirstGuesses were judged, and from time to time one sequence, the first that has use for it, makes one
// guess more than the batch. That costs a part of the time that all steps are priced at, `explore`, and
// no more. One guess more is enough to look at, because tokens per step rise ever slower with K and a pass'
// price ever faster, tiles apart: where one more does not pay, several do not.
class GoodputChain : public AdaptiveChain {
 public:
  static constexpr int kFirstGuesses = 8;
  struct Settings {
    int max = 16;  // guesses
    AcceptanceEstimate::Belief belief = {};
    double explore = 0.01;
    int sequences = 0;  // priced as if so many shared a pass; 0: as many as are running
  };
  GoodputChain(Settings settings, StepPrices prices)
      : settings_(settings), prices_(prices), acceptance_(settings.belief) {}

 protected:
  void forget() override;
  void plan(Batch batch, std::span<int> lengths) override;
  void learn(Batch batch, std::span<const Lesson> lessons) override;

 private:
  Load load(Batch batch) const;
  int best_length(Load load) const;
  void explore(Batch batch, Load load, std::span<int> lengths);
  // Tokens of the text that the draft model has to read before it guesses.
  int unread(const Sequence& sequence) const;

  Settings settings_;
  StepPrices prices_;
  AcceptanceEstimate acceptance_;
  Seconds priced_ = 0, explored_ = 0;  // all steps, as priced, and what looking further added
  std::map<SequenceId, int> read_;     // tokens of the text that the draft model knows
};

}  // namespace speclab
