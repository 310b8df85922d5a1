#include "strategies/drafters/lookahead.h"

#include <algorithm>

#include "strategies/drafters/filler.h"
#include "strategies/drafters/useful_depth.h"

namespace speclab {

void LookaheadDrafter::open(const Sequence& sequence, const Forward&) {
  open_.erase(sequence.id);
  open_of(sequence);
}

LookaheadDrafter::Open& LookaheadDrafter::open_of(const Sequence& sequence) {
  const auto [place, fresh] = open_.try_emplace(sequence.id, settings_.guesses);
  if (fresh) {
    // Each step until the window has all its levels takes a column off it.
    Level& first = place->second.window.emplace_back();
    for (int i = 0; i < settings_.window + settings_.ngram - 2; ++i) {
      first.push_back(filler(sequence.text, i));
    }
  }
  return place->second;
}

void LookaheadDrafter::draft(Batch batch, std::span<Draft> drafts) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Open& open = open_of(*batch[i]);
    const int deepest = useful_depth(*batch[i]);
    if (settings_.pool_from_prompt) pool_text(open, batch[i]->text);
    add_guesses(open, drafts[i], deepest);
    add_window(open, drafts[i], deepest);
  }
}

void LookaheadDrafter::pool_text(Open& open, std::span<const Token> text) const {
  for (; open.pooled < static_cast<int>(text.size()); ++open.pooled) {
    const int first = open.pooled - settings_.ngram + 1;
    if (first < 0) continue;
    const auto from = text.begin() + first;
    open.pool.add(*from, std::vector<Token>(from + 1, from + settings_.ngram));
  }
}

// N-grams that begin alike share nodes: the walk along the target then finds the longest that is right.
void LookaheadDrafter::add_guesses(const Open& open, Draft& draft, int deepest) const {
  const TokenTree& tree = draft.tree();
  for (const std::vector<Token>& guess : open.pool.after(tree.token(0))) {
    int node = 0;
    for (int depth = 0; depth < std::min(settings_.ngram - 1, deepest); ++depth) {
      const Token token = guess[depth];
      int child = tree.first_child(node);
      while (child != TokenTree::kNone && tree.token(child) != token) child = tree.next_sibling(child);
      node = child != TokenTree::kNone ? child : draft.add(node, token);
    }
  }
}

// Level 0 is a chain from the root, and below each of its nodes hangs the rest of the column.
void LookaheadDrafter::add_window(Open& open, Draft& draft, int deepest) const {
  const auto levels = static_cast<int>(open.window.size());
  const int columns = std::min(static_cast<int>(open.window[0].size()), std::max(0, deepest - levels + 1));
  open.newest.assign(static_cast<std::size_t>(columns), 0);
  for (Level& level : open.window) level.resize(open.newest.size());
  for (int l = 0, before = 0; l < levels; ++l) {
    for (std::size_t i = 0; i < open.newest.size(); ++i) {
      const int parent = l > 0 ? open.newest[i] : before;
      before = open.newest[i] = draft.add(parent, open.window[l][i], 0, true);
    }
  }
}

void LookaheadDrafter::observe(const Outcome& outcome) {
  picks_.clear();
  likeliest_.clear();
  for (std::size_t i = 0; i < outcome.batch.size(); ++i) {
    for (const int node : open_of(*outcome.batch[i]).newest) {
      picks_.push_back({outcome.target.logits[outcome.row(i, node)], 1});
    }
  }
  if (!picks_.empty()) distributions_.likeliest(picks_, likeliest_);
  std::span<const Token> results = likeliest_;
  for (std::size_t i = 0; i < outcome.batch.size(); ++i) {
    Open& open = open_of(*outcome.batch[i]);
    const std::span<const Token> own = results.first(open.newest.size());
    results = results.subspan(own.size());
    if (static_cast<int>(open.window.size()) == settings_.ngram - 1) pool_window(open, own);
    move_window(open, own, outcome.batch[i]->text, static_cast<int>(outcome.verdicts[i].path.size()));
  }
}

void LookaheadDrafter::pool_window(Open& open, std::span<const Token> results) const {
  for (std::size_t i = 0; i < results.size(); ++i) {
    std::vector<Token> rest;
    for (std::size_t l = 1; l < open.window.size(); ++l) rest.push_back(open.window[l][i]);
    rest.push_back(results[i]);
    open.pool.add(open.window[0][i], std::move(rest));
  }
}

// The root moves on by a token, so what stood at depth d + 1 now stands at depth d: every level takes the
// place of the one before it, and where none is given up yet, each moves by a column.
void LookaheadDrafter::move_window(Open& open, std::span<const Token> results, std::span<const Token> text,
                                   int accepted) const {
  open.window.emplace_back(results.begin(), results.end());
  if (static_cast<int>(open.window.size()) == settings_.ngram) {
    open.window.erase(open.window.begin());
  } else if (!results.empty()) {
    for (Level& level : open.window) level.erase(level.begin());
  }
  if (settings_.always_forward_one) return;
  int fillers = 0;
  for (Level& level : open.window) {
    const auto gone = std::min(static_cast<std::size_t>(accepted), level.size());
    level.erase(level.begin(), level.begin() + static_cast<std::ptrdiff_t>(gone));
    for (std::size_t i = 0; i < gone; ++i) level.push_back(filler(text, fillers++));
  }
}

}  // namespace speclab
