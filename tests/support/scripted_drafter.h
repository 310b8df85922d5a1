#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <numeric>
#include <vector>

#include "strategies/drafters/growing_drafter.h"

namespace speclab {

// A drafter that says of each path what a test wants said, and guesses the likeliest tokens.
class ScriptedDrafter : public GrowingDrafter {
 public:
  // Probabilities of what follows a path in a draft. Null: no scores, and guesses are 0, 1, 2, ...
  using Says = std::function<std::vector<double>(int draft, const std::vector<Token>& path)>;
  explicit ScriptedDrafter(Topology& topology, Says says = nullptr)
      : GrowingDrafter(topology), says_(std::move(says)) {}

 protected:
  void grow(Batch, std::span<Draft> drafts, std::span<const Growth> growth) override {
    for (const Growth& g : growth) {
      Draft& draft = drafts[g.draft];
      if (!says_) {
        for (Token token = 0; token < g.children; ++token) draft.add(g.parent, token);
        continue;
      }
      std::vector<Token> path;
      for (const int node : draft.tree().path(g.parent)) path.push_back(draft.tree().token(node));
      const std::vector<double>& row = rows_.emplace_back(says_(g.draft, path));
      draft.set_scores(g.parent, {row.data(), static_cast<int>(row.size()), Place::host, Scalar::f64});
      std::vector<Token> order(row.size());
      std::iota(order.begin(), order.end(), 0);
      std::ranges::stable_sort(order, [&](Token a, Token b) { return row[a] > row[b]; });
      const auto children = std::min(order.size(), static_cast<std::size_t>(g.children));
      for (std::size_t c = 0; c < children; ++c) {
        const int child = draft.add(g.parent, order[c]);
        draft.set_confidence(child, row[order[c]]);
      }
    }
  }

 private:
  Says says_;
  std::deque<std::vector<double>> rows_;
};

// Sequences that drafts hang from, and steps that go as a test wants them to.
class ScriptedBatch {
 public:
  explicit ScriptedBatch(const std::vector<int>& ids, int max = 1000) {
    for (const int id : ids) {
      sequences_.push_back({.id = SequenceId(id),
                            .text = {0, 1},
                            .prompt_length = 2,
                            .max_new_tokens = max,
                            .end_tokens = {},
                            .sampling = {},
                            .draft_chance = nullptr,
                            .judge_chance = nullptr});
    }
    for (Sequence& s : sequences_) batch_.push_back(&s);
    drafts_.resize(ids.size());
  }

  Sequence& operator[](std::size_t i) { return sequences_[i]; }

  std::vector<Draft>& draft(Drafter& drafter) {
    for (std::size_t i = 0; i < batch_.size(); ++i) drafts_[i].reset(batch_[i]->text.back());
    drafter.draft(batch_, drafts_);
    return drafts_;
  }

  // A step of chains, of which the first `accepted[i]` guesses are right (all, if there are fewer). Gives the
  // lengths that were drafted.
  std::vector<int> step(Drafter& drafter, const std::vector<int>& accepted) {
    draft(drafter);
    std::vector<Verdict> verdicts(batch_.size());
    std::vector<int> lengths;
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      lengths.push_back(drafts_[i].size() - 1);
      for (int node = 1; node <= std::min(accepted[i], lengths[i]); ++node) verdicts[i].path.push_back(node);
    }
    drafter.observe({batch_, drafts_, verdicts, Forward{}});
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      batch_[i]->text.resize(batch_[i]->text.size() + verdicts[i].path.size() + 1);
    }
    return lengths;
  }

 private:
  std::vector<Sequence> sequences_;
  std::vector<Sequence*> batch_;
  std::vector<Draft> drafts_;
};

// Nodes below the root as token paths, in node order.
inline std::vector<std::vector<Token>> token_paths(const Draft& draft) {
  std::vector<std::vector<Token>> paths;
  for (int node = 1; node < draft.size(); ++node) {
    std::vector<Token>& path = paths.emplace_back();
    for (const int above : draft.tree().path(node)) path.push_back(draft.tree().token(above));
  }
  return paths;
}

}  // namespace speclab
