#pragma once

#include <vector>

#include "strategies/drafters/scored_drafter.h"

namespace speclab {

// A smaller model guesses: round by round it scores the nodes that the topology wants to grow (Leviathan et
// al. 2023 and Chen et al. 2023 for chains; SpecInfer and Sequoia for trees).
class ModelDrafter : public ScoredDrafter {
 public:
  ModelDrafter(LanguageModel& model, Topology& topology, Distributions& distributions, Draw draw)
      : ScoredDrafter(topology, distributions, draw), model_(model) {}

  void open(const Sequence& sequence, const Forward& prompt) override;
  void close(const Sequence& sequence) override { model_.close(sequence.id); }
  void truncate(const Sequence& text, int common) override;

 protected:
  void evaluate(Batch batch, std::span<const Draft> drafts, std::span<const Growth> growth,
                std::vector<Row>& logits) override;
  void learn(const Outcome& outcome) override;

  LanguageModel& model() { return model_; }
  void read_prompt(const Sequence& sequence);  // all of its text but the last token

 private:
  LanguageModel& model_;

  // Reused from round to round.
  std::vector<int> nodes_;
  std::vector<SequenceInput> slices_;
  std::vector<std::vector<int>> paths_;  // accepted nodes, as the model knows them
  std::vector<Commit> commits_;
};

}  // namespace speclab
