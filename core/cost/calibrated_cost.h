#pragma once

#include <map>
#include <vector>

#include "core/cost_model.h"

namespace speclab {

// A pass as it was timed.
struct TimedPass {
  int sequences = 1;
  int new_tokens = 0;                         // of all sequences
  Seconds seconds = 0, lower = 0, upper = 0;  // the median and the quartiles of its repeats
};
using PassTable = std::vector<TimedPass>;  // by new tokens, ascending

// What a pass over so many tokens takes by a table that has some: between two of its passes on the line
// through them, below the first as long as that, beyond the last on the line through the last two, which
// never falls.
Seconds pass_time(const PassTable& table, int new_tokens);

// Passes cost what passes of the same models took, by their new tokens alone; all else is free.
class CalibratedCost : public CostModel {
 public:
  void fill(Actor actor, PassTable table) { tables_[actor] = std::move(table); }
  const std::map<Actor, PassTable>& tables() const { return tables_; }

  // ImpossiblePoint where a pass is of an actor without a table.
  Seconds price(const Work& work) const override;
  // Before the first table it is not known who will have none.
  bool knows(Actor actor) const override { return tables_.empty() || tables_.contains(actor); }

 private:
  std::map<Actor, PassTable> tables_;
};

}  // namespace speclab
