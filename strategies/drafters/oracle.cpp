#include "strategies/drafters/oracle.h"

#include <algorithm>

namespace speclab {

void OracleDrafter::begin(Batch batch, std::span<Draft>) {
  known_.resize(std::max(known_.size(), batch.size()));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    known_[i].ahead = oracle_.ahead(*batch[i]);
    known_[i].right.assign(1, true);
  }
}

void OracleDrafter::grow(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth) {
  for (const Growth& g : growth) {
    Known& known = known_[g.draft];
    if (known.ahead.empty()) continue;
    Draft& draft = drafts[g.draft];
    guesses_.clear();
    oracle_.guess(*batch[g.draft], known.ahead, g.parent, draft.tree().depth(g.parent), known.right[g.parent],
                  g.children, guesses_);
    for (const auto& [token, right] : guesses_) {
      draft.add(g.parent, token);
      known.right.push_back(right);
    }
  }
}

}  // namespace speclab
