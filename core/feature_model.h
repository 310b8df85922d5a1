#pragma once

#include <span>

#include "core/language_model.h"

namespace speclab {

// A model that continues another's features (EAGLE). Its row of the token at place p is made from that token
// and the other's feature of place p - 1; a tree node's from its token and what the model itself made of the
// parent. So the first token of a text has no row, and a node that is kept comes again as text, with its
// feature: `keep` forgets all nodes and makes none certain.
class FeatureModel : public LanguageModel {
 public:
  struct FeatureRow {
    SequenceId sequence{};
    Row feature;
  };

  // How many tokens it can guess: those of its own vocabulary, where that is a part of the other's.
  virtual int guessable() const { return vocab(); }
  // After how many layers the other model's residual stream is read, side by side (Forward::tapped); none:
  // what its head scores is read (Forward::hidden).
  virtual std::span<const int> taps() const = 0;
  // The feature of the next place of the text: of place 0 first. It must be told before the token after it
  // comes as text. `rewind` to a length forgets the features from that place on.
  virtual void set_features(SequenceId sequence, Row feature) = 0;
  // One after another; in one piece where that is cheaper. All of them lie in one place.
  virtual void tell_all(std::span<const FeatureRow> features) {
    for (const FeatureRow& one : features) set_features(one.sequence, one.feature);
  }
};

}  // namespace speclab
