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
  virtual void grow(std::span<const Draft> drafts, int round, std::vector<Growth>& growth) = 0;
  virtual bool reads_scores() const { return false; }  // whether `grow` looks at Draft::scores
  virtual void observe(const Outcome&) {}
};

}  // namespace speclab
