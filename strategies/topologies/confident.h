#pragma once

#include "core/topology.h"

namespace speclab {

// A chain that goes on while the draft model is sure: it stops after a guess whose probability is below a
// threshold (spec_draft_p_min of llama.cpp, assistant_confidence_threshold of transformers), or where the
// probability that the whole path is right is (the rule of SpecDec++, Huang et al. 2024, arXiv 2405.19715,
// section 4, with the draft model's own confidence in the place of a trained head).
// The guess that fell below stays. Dropping it, as newer llama.cpp does, would let a guess be there or not
// for what it is, and drawn guesses would not be distributed as they say.
class Confident : public Topology {
 public:
  enum class Measure { token, path };
  Confident(int length, double threshold, Measure measure)
      : length_(length), threshold_(threshold), measure_(measure) {}

  void grow(Batch, std::span<const Draft> drafts, int round, std::vector<Growth>& growth) override {
    if (round == length_) return;
    for (std::size_t i = 0; i < drafts.size(); ++i) {
      const int last = drafts[i].size() - 1;
      if (drafts[i].tree().depth(last) == round && confidence(drafts[i], last) >= threshold_)
        growth.push_back({static_cast<int>(i), last, 1});
    }
  }
  int width() const override { return 1; }
  bool reads_confidence() const override { return true; }

 private:
  double confidence(const Draft& draft, int node) const {
    double product = 1;
    for (; node > 0; node = draft.tree().parent(node)) {
      product *= draft.confidence(node);
      if (measure_ == Measure::token) break;
    }
    return product;
  }

  int length_;
  double threshold_;
  Measure measure_;
};

}  // namespace speclab
