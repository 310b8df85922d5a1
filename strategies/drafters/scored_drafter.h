#pragma once

#include <vector>

#include "core/distributions.h"
#include "strategies/drafters/growing_drafter.h"

namespace speclab {

// A drafter whose guesses come from rows of logits: children are drawn from the parent's row, one after
// another without putting back or each from the full row (SpecInfer, Sequoia; for chains both are Leviathan
// et al. 2023), or are simply the likeliest (`fixed`). At temperature 0 they are always the likeliest. What
// it is to write is where the rows come from.
class ScoredDrafter : public GrowingDrafter {
 public:
  ScoredDrafter(Topology& topology, Distributions& distributions, Draw draw)
      : GrowingDrafter(topology, draw), distributions_(distributions) {}

 protected:
  // Who overrides it calls it.
  void begin(Batch batch, std::span<Draft> drafts) override;
  void grow(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth) final;
  // Appends, for each growth, the logits of what follows its parent. They live until the next call.
  virtual void evaluate(Batch batch, std::span<const Draft> drafts, std::span<const Growth> growth,
                        std::vector<Row>& logits) = 0;

 private:
  void score(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth);
  void add_likeliest(std::span<Draft> drafts, std::span<const Growth> growth);
  void add_drawn(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth);
  // Of the children that these growths' parents got.
  void note_confidence(std::span<Draft> drafts, std::span<const Growth> growth);
  static bool likeliest(const Draft& draft) { return draft.draw() == Draw::fixed; }

  Distributions& distributions_;
  // Reused from round to round.
  std::vector<Row> logits_;  // growth -> the row at its parent
  std::vector<Distributions::Softmax> softmaxes_;
  std::vector<Distributions::Pick> picks_;
  std::vector<Distributions::Draws> draws_;
  std::vector<Row> rows_;
  std::vector<Token> tokens_;
  std::vector<int> drawn_;
  std::vector<Distributions::Entry> entries_;
  std::vector<double> confidences_;
};

}  // namespace speclab
