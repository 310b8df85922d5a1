#pragma once

#include <span>
#include <vector>

#include "core/drafter.h"

namespace speclab {

struct Growth {
  int draft = 0;     // index into the batch
  int parent = 0;    // a node of that draft
  int children = 0;  // at most this many
};

// Where drafts grow. It sees the whole batch, so that it can share one budget among sequences.
class Topology {
 public:
  virtual ~Topology() = default;
  // Appends the growths of a round (0, 1, ...), ordered by draft, then parent. None: the drafts are done.
  virtual void grow(Batch batch, std::span<const Draft> drafts, int round, std::vector<Growth>& growth) = 0;
  // Takes nodes out of drafts that are done growing (Draft::prune).
  virtual void prune(Batch, std::span<Draft>) {}
  virtual int width() const = 0;                           // most children that it may ask of one node
  virtual bool reads_confidence() const { return false; }  // whether it looks at Draft::confidence
  // Whether a node may be pruned for what its own token is. Guesses that were drawn would no longer be
  // distributed as they say, so these must be fixed.
  virtual bool prunes_by_token() const { return false; }
  virtual void observe(const Outcome&) {}
};

}  // namespace speclab
