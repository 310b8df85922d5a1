#pragma once

#include "strategies/topologies/adaptive_chain.h"

namespace speclab {

// Two guesses more after a draft that was accepted whole, one fewer after any other (Gante 2023, assisted
// generation in transformers: num_assistant_tokens_schedule). Each sequence starts afresh, which transformers
// calls heuristic_transient. A step without guesses teaches nothing.
class HeuristicChain : public AdaptiveChain<int> {
 public:
  // Starts at `length`; stays between 1 and `most`.
  HeuristicChain(int length, int most) : AdaptiveChain(length), most_(most) {}

 protected:
  int length(const Sequence&, const int& length) const override { return length; }
  void learn(int& length, int proposed, int accepted) const override {
    if (proposed == 0) return;
    length = std::clamp(accepted == proposed ? length + 2 : length - 1, 1, most_);
  }

 private:
  int most_;
};

}  // namespace speclab
