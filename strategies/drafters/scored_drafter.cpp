#include "strategies/drafters/scored_drafter.h"

#include <algorithm>

namespace speclab {
namespace {

// At temperature 0 scores only say how sure the model is, and one-hot rows would say that it always is.
Sampling scoring(const Sampling& sampling) { return sampling.temperature == 0 ? Sampling{} : sampling; }

}  // namespace

void ScoredDrafter::begin(Batch batch, std::span<Draft> drafts) {
  distributions_.forget();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    drafts[i].set_draw(batch[i]->sampling.temperature == 0 ? Draw::fixed : draw());
  }
}

void ScoredDrafter::grow(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth) {
  logits_.clear();
  evaluate(batch, drafts, growth, logits_);
  score(batch, drafts, growth);
  add_likeliest(drafts, growth);
  add_drawn(batch, drafts, growth);
  if (topology().reads_confidence()) note_confidence(drafts, growth);
}

void ScoredDrafter::score(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth) {
  softmaxes_.clear();
  rows_.clear();
  const auto scored = [&](const Growth& g) {
    return topology().reads_confidence() || !likeliest(drafts[g.draft]);
  };
  for (std::size_t i = 0; i < growth.size(); ++i) {
    if (scored(growth[i])) softmaxes_.push_back({logits_[i], scoring(batch[growth[i].draft]->sampling)});
  }
  if (softmaxes_.empty()) return;
  distributions_.probabilities(softmaxes_, rows_);
  auto row = rows_.begin();
  for (const Growth& g : growth) {
    if (scored(g)) drafts[g.draft].set_scores(g.parent, *row++);
  }
}

void ScoredDrafter::note_confidence(std::span<Draft> drafts, std::span<const Growth> growth) {
  const auto each_child = [&](const auto& use) {
    for (const Growth& g : growth) {
      const TokenTree& tree = drafts[g.draft].tree();
      for (int child = tree.first_child(g.parent); child != TokenTree::kNone;
           child = tree.next_sibling(child))
        use(drafts[g.draft], g.parent, child);
    }
  };
  entries_.clear();
  confidences_.clear();
  each_child([&](const Draft& draft, int parent, int child) {
    entries_.push_back({draft.scores(parent), draft.tree().token(child)});
  });
  distributions_.gather(entries_, confidences_);
  auto confidence = confidences_.begin();
  each_child([&](Draft& draft, int, int child) { draft.set_confidence(child, *confidence++); });
}

void ScoredDrafter::add_likeliest(std::span<Draft> drafts, std::span<const Growth> growth) {
  picks_.clear();
  tokens_.clear();
  for (std::size_t i = 0; i < growth.size(); ++i) {
    if (!likeliest(drafts[growth[i].draft])) continue;
    picks_.push_back({logits_[i], std::min(growth[i].children, logits_[i].cols)});
  }
  if (picks_.empty()) return;
  distributions_.likeliest(picks_, tokens_);
  auto token = tokens_.begin();
  auto pick = picks_.begin();
  for (const Growth& g : growth) {
    if (!likeliest(drafts[g.draft])) continue;
    for (int i = 0; i < pick->count; ++i) drafts[g.draft].add(g.parent, *token++);
    ++pick;
  }
}

void ScoredDrafter::add_drawn(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth) {
  draws_.clear();
  tokens_.clear();
  drawn_.clear();
  for (const Growth& g : growth) {
    if (likeliest(drafts[g.draft])) continue;
    draws_.push_back({drafts[g.draft].scores(g.parent), g.children, draw() == Draw::independent,
                      batch[g.draft]->draft_chance.get()});
  }
  if (draws_.empty()) return;
  distributions_.draw(draws_, tokens_, drawn_);
  auto token = tokens_.begin();
  auto drawn = drawn_.begin();
  for (const Growth& g : growth) {
    if (likeliest(drafts[g.draft])) continue;
    for (int i = *drawn++; i > 0; --i) drafts[g.draft].add(g.parent, *token++);
  }
}

}  // namespace speclab
