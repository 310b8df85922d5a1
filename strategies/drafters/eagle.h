#pragma once

#include "core/feature_model.h"
#include "strategies/drafters/model.h"

namespace speclab {

// EAGLE (Li et al. 2024, arXiv 2401.15077, section 4.1; EAGLE-2, 2406.16858; EAGLE-3, 2503.01840, section 3):
// a draft model of one layer that continues the target's own features. Over the text it reads the features
// that the target made; in the tree it goes on from what it predicted itself, and forgets that when the
// target has judged.
class EagleDrafter : public ModelDrafter {
 public:
  // `features` is the model, told what the target made; `model` the same one, where its passes are charged.
  EagleDrafter(FeatureModel& features, LanguageModel& model, Topology& topology, Distributions& distributions,
               Draw draw)
      : ModelDrafter(model, topology, distributions, draw), features_(features) {}

  bool reads_features() const override { return true; }
  void open(const Sequence& sequence, const Forward& prompt) override;

 protected:
  void learn(const Outcome& outcome) override;
  // A text of one token has no row.
  int reach(const Sequence& sequence) const override {
    return sequence.text.size() < 2 ? 0 : ModelDrafter::reach(sequence);
  }

 private:
  const Rows& of(const Forward& target) const {
    return features_.taps().empty() ? target.hidden : target.tapped;
  }

  FeatureModel& features_;
  std::vector<FeatureModel::FeatureRow> told_;  // reused
};

}  // namespace speclab
