#include "strategies/drafters/oracle.h"

#include <algorithm>

namespace speclab {

void OracleDrafter::begin(Batch batch, std::span<Draft>) {
  known_.resize(std::max(known_.size(), batch.size()));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto whole = continuations_.after_prompt(batch[i]->id);
    const auto written =
        std::span<const Token>(batch[i]->text).subspan(static_cast<std::size_t>(batch[i]->prompt_length));
    const bool same =
        written.size() <= whole.size() && std::ranges::equal(written, whole.first(written.size()));
    known_[i].ahead = same ? whole.subspan(written.size()) : std::span<const Token>{};
    known_[i].right.assign(1, true);
  }
}

void OracleDrafter::grow(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth) {
  for (const Growth& g : growth) {
    if (known_[g.draft].ahead.empty()) continue;
    add_children(*batch[g.draft], drafts[g.draft], known_[g.draft], g);
  }
}

// Which child is right is a hash of its place in the text. A place is judged at most once, so that the
// decisions that count are independent.
void OracleDrafter::add_children(const Sequence& sequence, Draft& draft, Known& known,
                                 const Growth& growth) const {
  const int depth = draft.tree().depth(growth.parent) + 1;
  const auto place = static_cast<std::uint64_t>(sequence.text.size()) + static_cast<std::uint64_t>(depth);
  const std::uint64_t here =
      mix64(mix64(seed_ ^ (static_cast<std::uint64_t>(sequence.id) + kGolden)) + place);
  const std::uint64_t noise = mix64(here ^ mix64(static_cast<std::uint64_t>(growth.parent) + kGolden));
  const auto vocab = static_cast<std::uint64_t>(continuations_.vocab);

  const bool followed =
      known.right[static_cast<std::size_t>(growth.parent)] && depth <= static_cast<int>(known.ahead.size());
  const auto right = followed ? static_cast<std::uint64_t>(known.ahead[static_cast<std::size_t>(depth - 1)])
                              : noise % vocab;  // where nothing is right, some token is left out
  const int rank = followed ? agreement_.rank(here, depth) : Agreement::kNever;
  std::uint64_t wrong = 0;
  for (int child = 0; child < growth.children; ++child) {
    if (child != rank && wrong == vocab - 1) return;
    const std::uint64_t token = child == rank ? right : (right + 1 + (noise + wrong++) % (vocab - 1)) % vocab;
    draft.add(growth.parent, static_cast<Token>(token));
    known.right.push_back(child == rank);
  }
}

}  // namespace speclab
