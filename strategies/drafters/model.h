#pragma once

#include <memory>
#include <vector>

#include "core/distributions.h"
#include "strategies/drafters/growing_drafter.h"

namespace speclab {

// A smaller model guesses: round by round it scores the nodes that the topology wants to grow, and their
// children are drawn from those scores (Leviathan et al. 2023 and Chen et al. 2023 for chains; SpecInfer and
// Sequoia for trees, with and without putting drawn tokens back) or are simply the likeliest (`fixed`).
// At temperature 0 they are always the likeliest.
class ModelDrafter : public GrowingDrafter {
 public:
  ModelDrafter(LanguageModel& model, Topology& topology, Distributions& distributions, Draw draw)
      : GrowingDrafter(topology, draw), model_(model), distributions_(distributions) {}

  void open(const Sequence& sequence, const Forward& prompt) override;
  void close(const Sequence& sequence) override { model_.close(sequence.id); }
  void rewind(const Sequence& text, int common) override;

 protected:
  void begin(Batch batch, std::span<Draft> drafts) override;
  void grow(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth) override;
  void learn(const Outcome& outcome) override;

 private:
  // The model's rows of all nodes about to grow, in the order of `growth`.
  void evaluate(Batch batch, std::span<const Draft> drafts, std::span<const Growth> growth);
  void score(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth);
  void add_likeliest(std::span<Draft> drafts, std::span<const Growth> growth);
  void add_drawn(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth);
  static bool likeliest(const Draft& draft) { return draft.draw() == Draw::fixed; }

  LanguageModel& model_;
  Distributions& distributions_;

  // Reused from round to round.
  std::vector<int> nodes_;
  std::vector<Slice> slices_;
  std::vector<Row> logits_;  // growth -> the row at its parent
  std::vector<Distributions::Softmax> softmaxes_;
  std::vector<Distributions::Pick> picks_;
  std::vector<Distributions::Draws> draws_;
  std::vector<Row> rows_;
  std::vector<Token> tokens_;
  std::vector<int> drawn_;
  std::vector<std::vector<int>> paths_;  // accepted nodes, as the model knows them
  std::vector<Kept> kept_;
};

}  // namespace speclab
