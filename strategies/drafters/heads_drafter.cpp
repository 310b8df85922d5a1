#include "strategies/drafters/heads_drafter.h"

namespace speclab {

void HeadsDrafter::open(const Sequence& sequence, const Forward& prompt) {
  heads_.open(sequence.id);
  if (prompt.hidden.count > 0) heads_.set_hidden(sequence.id, prompt.hidden[prompt.hidden.count - 1]);
}

// The row before the next root may be of text that is no more.
void HeadsDrafter::truncate(const Sequence& text, int) {
  heads_.close(text.id);
  heads_.open(text.id);
}

void HeadsDrafter::learn(const Outcome& outcome) {
  for (std::size_t i = 0; i < outcome.batch.size(); ++i) {
    const std::vector<int>& path = outcome.verdicts[i].path;
    const int last = path.empty() ? 0 : path.back();
    heads_.set_hidden(outcome.batch[i]->id, outcome.target.hidden[outcome.row(i, last)]);
  }
}

}  // namespace speclab
