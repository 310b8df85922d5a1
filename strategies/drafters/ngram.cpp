#include "strategies/drafters/ngram.h"

#include <algorithm>

namespace speclab {

void NgramDrafter::begin(Batch batch, std::span<Draft>) {
  places_.resize(std::max(places_.size(), batch.size()));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    places_[i].assign(1, {});
    look_up(batch[i]->text, places_[i][0]);
  }
}

void NgramDrafter::grow(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth) {
  for (const Growth& g : growth) add_children(batch[g.draft]->text, drafts[g.draft], places_[g.draft], g);
}

void NgramDrafter::look_up(std::span<const Token> text, Places& places) const {
  const int size = static_cast<int>(text.size());
  for (int n = std::min(max_ngram_, size - 1); n >= min_ngram_; --n) {
    const std::span<const Token> wanted = text.last(static_cast<std::size_t>(n));
    for (int after = size - 1; after >= n; --after) {  // the place right after an earlier occurrence
      if (static_cast<int>(places.size()) == max_places_) return;
      const auto seen = text.subspan(static_cast<std::size_t>(after - n), static_cast<std::size_t>(n));
      if (seen.back() != wanted.back() || !std::ranges::equal(seen, wanted)) continue;
      if (std::ranges::find(places, after) == places.end()) places.push_back(after);
    }
  }
}

void NgramDrafter::add_children(std::span<const Token> text, Draft& draft, std::vector<Places>& places,
                                const Growth& growth) const {
  const int first = draft.size();
  for (const int place : Places(places[growth.parent])) {
    const Token token = text[place];
    int child = first;
    while (child < draft.size() && draft.tree().token(child) != token) ++child;
    if (child == draft.size()) {
      if (draft.size() - first == growth.children) continue;
      draft.add(growth.parent, token);
      places.emplace_back();
    }
    if (place + 1 < static_cast<int>(text.size())) places[child].push_back(place + 1);
  }
}

}  // namespace speclab
