#include "strategies/drafters/eagle.h"

namespace speclab {

void EagleDrafter::open(const Sequence& sequence, const Forward& prompt) {
  model().open(sequence.id);
  const Rows& rows = of(prompt);
  told_.clear();
  for (int place = 0; place < rows.count; ++place) told_.push_back({sequence.id, rows[place]});
  features_.tell_all(told_);
  read_prompt(sequence);
}

void EagleDrafter::learn(const Outcome& outcome) {
  const Rows& rows = of(outcome.target);
  told_.clear();
  for (std::size_t i = 0; i < outcome.batch.size(); ++i) {
    const SequenceId id = outcome.batch[i]->id;
    told_.push_back({id, rows[outcome.row(i, 0)]});
    for (const int node : outcome.verdicts[i].path) told_.push_back({id, rows[outcome.row(i, node)]});
  }
  features_.tell_all(told_);
  ModelDrafter::learn(outcome);
}

}  // namespace speclab
