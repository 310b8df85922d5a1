#pragma once

#include <span>
#include <vector>

#include "kernels/llama/pass_plan.h"

namespace speclab {

// What a model that continues another's features knows of one sequence.
struct FeatureSequence {
  int length = 0;        // tokens of the text
  int told = 0;          // places whose features it was told
  int root_made_at = 0;  // the length at which the row of node 0 is the root's

  void truncate(SequenceId id, int to);
};

// A batch for such a model as rows, in the order in which they can be evaluated. The first token of a text
// has no row; the others' rows are a text of their own, place p of which stands in slot p - 1.
struct FeaturePlan {
  // Where a row comes from and goes to.
  struct Site {
    int slice = 0;
    int node = -1;    // whose state it becomes: 0 the root, -1: no one's
    int parent = -1;  // whose state it continues; -1: a text's row, which starts from a feature
    int wave = 0;     // it needs the states of earlier waves
    int asked = -1;   // number among the asked rows
  };

  // As PassPlan's, of the same order.
  void check(std::span<const SequenceInput> batch, std::span<FeatureSequence* const> told,
             std::span<SequenceSlots* const> sequences, const LlamaConfig& config);
  void enter(std::span<const SequenceInput> batch, std::span<FeatureSequence* const> told,
             std::span<SequenceSlots* const> sequences, const LlamaConfig& config);

  void leave(std::span<FeatureSequence* const> told, std::span<SequenceSlots* const> sequences) const;

  // Rows of one wave, at most so many, from `begin` (in `order`) on.
  std::span<const int> part(std::size_t begin, std::size_t max) const;

  std::vector<SequenceInput> slices;  // without tokens that have no row
  PassPlan rows;
  std::vector<Site> sites;  // by row
  std::vector<int> order;   // rows, by wave
  std::vector<int> nodes;   // by slice: above all nodes that came

 private:
  std::vector<FeatureSequence> before_;  // by slice
  std::vector<int> wave_of_;             // node -> its wave in this call; -1: not in it
};

}  // namespace speclab
