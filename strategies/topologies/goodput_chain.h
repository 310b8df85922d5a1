#pragma once

#include "strategies/topologies/adaptive_chain.h"
#include "strategies/topologies/step_prices.h"

namespace speclab {

// What a sequence's drafts came to: guesses that were judged and that were accepted, older ones counting
// less.
struct AcceptanceRecord {
  double judged = 0, accepted = 0;
};

// The length that promises most tokens per second: (1 - a^(K+1)) / (1 - a) tokens, for a the sequence's
// acceptance so far, over the price of a target pass of K + 1 rows and K draft passes (goodput of SmartSpec,
// Liu et al. 2024, arXiv 2406.14066, section 4; TurboSpec). SmartSpec chooses one K for a batch from its
// load. Here a sequence chooses for itself, as if `sequences` like it shared the passes, so that its text
// does not depend on its mates.
class GoodputChain : public AdaptiveChain<AcceptanceRecord> {
 public:
  struct Belief {
    double acceptance = 0.7;  // of a sequence of which nothing is known
    double weight = 2;        // as many guesses as that counts for
    double memory = 0.9;      // what a step's guesses count for in the next
  };
  // At most `most` guesses; 0 is a possible length. After it evidence fades, and belief brings drafts back.
  GoodputChain(int most, Belief belief, StepPrices prices)
      : AdaptiveChain(AcceptanceRecord{}), most_(most), belief_(belief), prices_(prices) {}

  // (1 - a^(K+1)) / (1 - a) (Leviathan et al. 2023, equation 1).
  static double expected_tokens(double acceptance, int length);

 protected:
  int length(const Sequence& sequence, const AcceptanceRecord& record) const override;
  void learn(AcceptanceRecord& record, int proposed, int accepted) const override;

 private:
  int most_;
  Belief belief_;
  StepPrices prices_;
};

}  // namespace speclab
