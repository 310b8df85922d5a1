#include "strategies/drafters/jacobi.h"

#include <algorithm>

#include "strategies/drafters/filler.h"
#include "strategies/drafters/useful_depth.h"

namespace speclab {

void JacobiDrafter::draft(Batch batch, std::span<Draft> drafts) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    std::vector<Token>& guesses = guesses_[batch[i]->id];
    const int length = std::min(window_, useful_depth(*batch[i]));
    while (static_cast<int>(guesses.size()) < length) {
      guesses.push_back(filler(batch[i]->text, static_cast<int>(guesses.size())));
    }
    for (int node = 0; node < length; ++node) {
      drafts[i].add(node, guesses[node]);
    }
  }
}

void JacobiDrafter::observe(const Outcome& outcome) {
  picks_.clear();
  likeliest_.clear();
  const auto first_rejected = [&](std::size_t i) {
    return static_cast<int>(outcome.verdicts[i].path.size()) + 1;
  };
  for (std::size_t i = 0; i < outcome.batch.size(); ++i) {
    for (int node = first_rejected(i); node < outcome.own(i); ++node) {
      picks_.push_back({outcome.target.logits[outcome.row(i, node)], 1});
    }
  }
  if (!picks_.empty()) distributions_.likeliest(picks_, likeliest_);
  auto from = likeliest_.begin();
  for (std::size_t i = 0; i < outcome.batch.size(); ++i) {
    const auto to = from + std::max(0, outcome.own(i) - first_rejected(i));
    guesses_[outcome.batch[i]->id].assign(from, to);
    from = to;
  }
}

}  // namespace speclab
