#pragma once

#include <limits>
#include <vector>

#include "core/drafter.h"
#include "core/topology.h"

namespace speclab {

// A drafter whose drafts grow round by round where a topology wants them to. Subclasses implement grow(): how
// nodes get children.
class GrowingDrafter : public Drafter {
 public:
  // Where the temperature is not 0, guesses are drawn as `draw` says.
  explicit GrowingDrafter(Topology& topology, Draw draw = Draw::fixed) : topology_(topology), draw_(draw) {}

  DraftTraits traits() const final {
    return {{draw_}, topology_.width() > 1, topology_.prunes_by_token(), 1};
  }
  void draft(Batch batch, std::span<Draft> drafts) final;
  void observe(const Outcome& outcome) final {
    learn(outcome);
    topology_.observe(outcome);
  }

 protected:
  virtual void begin(Batch, std::span<Draft>) {}
  // Gives each growth's parent at most so many children, and none to others. `growth` is not empty, ordered
  // by draft, then parent, and goes no deeper than can lengthen the text.
  virtual void grow(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth) = 0;
  virtual void learn(const Outcome&) {}
  // The deepest guesses that it can make, where there is a limit.
  virtual int reach(const Sequence&) const { return std::numeric_limits<int>::max(); }

  const Topology& topology() const { return topology_; }
  Draw draw() const { return draw_; }

 private:
  Topology& topology_;
  Draw draw_;
  std::vector<Growth> growth_;
};

}  // namespace speclab
