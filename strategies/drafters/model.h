#pragma once

#include <memory>
#include <vector>

#include "core/distributions.h"
#include "core/drafter.h"
#include "core/topology.h"

namespace speclab {

// A smaller model guesses: round by round it scores the nodes that the topology wants to grow, and their
// children are drawn from those scores (Leviathan et al. 2023 and Chen et al. 2023 for chains; SpecInfer and
// Sequoia for trees, with and without putting drawn tokens back) or are simply the likeliest (`fixed`).
// At temperature 0 they are always the likeliest.
class ModelDrafter : public Drafter {
 public:
  ModelDrafter(LanguageModel& model, Topology& topology, Distributions& distributions, Draw draw)
      : model_(model), topology_(topology), distributions_(distributions), draw_(draw) {}

  void open(const Sequence& sequence) override;
  void close(const Sequence& sequence) override { model_.close(sequence.id); }
  void draft(Batch batch, std::span<Draft> drafts) override;
  void observe(const Outcome& outcome) override;

 private:
  void drop_useless(Batch batch, std::span<const Draft> drafts);
  // The model's rows of all nodes about to grow, in the order of growth_.
  void evaluate(Batch batch, std::span<const Draft> drafts);
  void score(Batch batch, std::span<Draft> drafts);
  void add_likeliest(Batch batch, std::span<Draft> drafts);
  void add_drawn(Batch batch, std::span<Draft> drafts);
  static bool likeliest(const Draft& draft) { return draft.draw == Draw::fixed; }

  LanguageModel& model_;
  Topology& topology_;
  Distributions& distributions_;
  Draw draw_;

  // Reused from round to round.
  std::vector<Growth> growth_;
  std::vector<int> nodes_;
  std::vector<Slice> slices_;
  std::vector<Row> logits_;  // growth -> the row at its parent
  std::vector<Distributions::Softmax> softmaxes_;
  std::vector<Distributions::Pick> picks_;
  std::vector<Distributions::Draws> draws_;
  std::vector<Row> rows_;
  std::vector<Token> tokens_;
  std::vector<int> drawn_;
  std::vector<Kept> kept_;
};

}  // namespace speclab
