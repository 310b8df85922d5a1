#include "strategies/drafters/ngram.h"

#include <algorithm>

#include "strategies/drafters/useful_depth.h"

namespace speclab {

void NgramDrafter::draft(Batch batch, std::span<Draft> drafts) {
  places_.resize(std::max(places_.size(), batch.size()));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    places_[i].assign(1, {});
    look_up(batch[i]->text, places_[i][0]);
  }
  for (int round = 0;; ++round) {
    growth_.clear();
    topology_.grow(drafts, round, growth_);
    const auto cannot_grow = [&](const Growth& g) {
      return places_[g.draft][g.parent].empty() ||
             drafts[g.draft].tree().depth(g.parent) >= useful_depth(*batch[g.draft]);
    };
    std::erase_if(growth_, cannot_grow);
    if (growth_.empty()) return;
    for (const Growth& g : growth_) grow(*batch[g.draft], drafts[g.draft], places_[g.draft], g);
  }
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

void NgramDrafter::grow(const Sequence& sequence, Draft& draft, std::vector<Places>& places,
                        const Growth& growth) const {
  const std::span<const Token> text = sequence.text;
  const int first = draft.size();
  for (const int place : Places(places[static_cast<std::size_t>(growth.parent)])) {
    const Token token = text[static_cast<std::size_t>(place)];
    int child = first;
    while (child < draft.size() && draft.tree().token(child) != token) ++child;
    if (child == draft.size()) {
      if (draft.size() - first == growth.children) continue;
      draft.add(growth.parent, token);
      places.emplace_back();
    }
    if (place + 1 < static_cast<int>(text.size()))
      places[static_cast<std::size_t>(child)].push_back(place + 1);
  }
}

}  // namespace speclab
