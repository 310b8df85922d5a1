#include "strategies/drafters/eagle.h"

namespace speclab {

void Eagle::open(const Sequence& sequence, const Forward& prompt) {
  model().open(sequence.id);
  const Rows& rows = of(prompt);
  for (int place = 0; place < rows.count; ++place) features_.tell(sequence.id, rows[place]);
  read_prompt(sequence);
}

void Eagle::learn(const Outcome& outcome) {
  const Rows& rows = of(outcome.target);
  for (std::size_t i = 0; i < outcome.batch.size(); ++i) {
    const SequenceId id = outcome.batch[i]->id;
    features_.tell(id, rows[outcome.row(i, 0)]);
    for (const int node : outcome.verdicts[i].path) features_.tell(id, rows[outcome.row(i, node)]);
  }
  ModelDrafter::learn(outcome);
}

}  // namespace speclab
