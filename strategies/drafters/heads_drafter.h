#pragma once

#include <vector>

#include "core/draft_heads.h"
#include "strategies/drafters/scored_drafter.h"

namespace speclab {

// What drafters on heads have in common: the hidden row at the last place whose token is certain and
// evaluated is the ground of the next draft, and guesses reach as deep as there are heads. Where the text is
// a single token there is no such row yet, and the first step is plain.
class HeadsDrafter : public ScoredDrafter {
 public:
  HeadsDrafter(DraftHeads& heads, int used, Topology& topology, Distributions& distributions, Draw draw)
      : ScoredDrafter(topology, distributions, draw), heads_(heads), used_(used) {}

  bool reads_features() const final { return true; }
  void open(const Sequence& sequence, const Forward& prompt) final;
  void close(const Sequence& sequence) final { heads_.close(sequence.id); }
  void truncate(const Sequence& text, int common) final;

 protected:
  void learn(const Outcome& outcome) final;
  int reach(const Sequence& sequence) const final { return heads_.has_hidden(sequence.id) ? used_ : 0; }

  DraftHeads& heads() { return heads_; }
  int used() const { return used_; }  // heads that guess

 private:
  DraftHeads& heads_;
  int used_;
};

}  // namespace speclab
