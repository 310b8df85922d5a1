#pragma once

#include <algorithm>
#include <map>

#include "strategies/topologies/adaptive_chain.h"

namespace speclab {

// Two guesses more after a draft that was accepted whole, one fewer after any other (Gante 2023, assisted
// generation in transformers: num_assistant_tokens_schedule). Each sequence starts afresh, which transformers
// calls heuristic_transient. A step without guesses teaches nothing. transformers knows batches of one; here
// a batch, which one pass serves, drafts the mean of what its sequences would, so that no pass is made for a
// few. It knows no prices, and so may lose to plain decoding.
class HeuristicChain : public AdaptiveChain {
 public:
  // Starts at `length`; stays between 1 and `most`.
  HeuristicChain(int length, int max) : start_(length), max_(max) {}

 protected:
  void forget() override { wanted_.clear(); }
  void plan(Batch batch, std::span<int> lengths) override {
    const auto count = static_cast<std::int64_t>(batch.size());
    std::int64_t sum = 0;
    for (const Sequence* sequence : batch) sum += wanted_.try_emplace(sequence->id, start_).first->second;
    shared_ = static_cast<int>((2 * sum + count) / (2 * count));
    std::ranges::fill(lengths, shared_);
  }
  void learn(Batch batch, std::span<const Lesson> lessons) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto [proposed, accepted] = lessons[i];
      if (proposed == 0) continue;
      wanted_[batch[i]->id] = std::clamp(accepted == proposed ? shared_ + 2 : shared_ - 1, 1, max_);
    }
  }

 private:
  int start_, max_;
  int shared_ = 0;  // of this step
  std::map<SequenceId, int> wanted_;
};

}  // namespace speclab
