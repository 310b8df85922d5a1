#pragma once

#include "core/topology.h"

namespace speclab {

// A straight line of K guesses (gamma in Leviathan et al. 2023, num_speculative_tokens in vLLM).
class Chain : public Topology {
 public:
  explicit Chain(int length) : length_(length) {}

  void grow(Batch, std::span<const Draft> drafts, int round, std::vector<Growth>& growth) override {
    if (round == length_) return;
    for (std::size_t i = 0; i < drafts.size(); ++i) {
      const int last = drafts[i].size() - 1;
      if (drafts[i].tree().depth(last) == round) growth.push_back({static_cast<int>(i), last, 1});
    }
  }
  int width() const override { return 1; }

 private:
  int length_;
};

}  // namespace speclab
