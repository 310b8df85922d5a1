#include "strategies/drafters/merge.h"

#include <algorithm>

namespace speclab {
namespace {

// The first child of a node that is this token, and is judged or not as `probe` says; kNone where there is
// none.
int find_child(const Draft& draft, int parent, Token token, bool probe) {
  int child = draft.tree().first_child(parent);
  while (child != TokenTree::kNone && (draft.tree().token(child) != token || draft.probe(child) != probe)) {
    child = draft.tree().next_sibling(child);
  }
  return child;
}

}  // namespace

MergedDrafter::MergedDrafter(std::vector<std::unique_ptr<Drafter>> drafters) {
  for (auto& drafter : drafters) {
    const int proposers = drafter->traits().proposers;
    parts_.push_back({std::move(drafter), proposers_, {}, {}, {}, {}, {}});
    proposers_ += proposers;
  }
}

// The registry checks a merged drafter's parts one by one, so none prunes what is drawn.
DraftTraits MergedDrafter::traits() const {
  DraftTraits all{
      .draws = {}, .branches = parts_.size() > 1, .prunes_by_token = false, .proposers = proposers_};
  for (const Part& part : parts_) {
    const DraftTraits own = part.drafter->traits();
    all.branches |= own.branches;
    for (const Draw draw : own.draws) {
      if (std::ranges::find(all.draws, draw) == all.draws.end()) all.draws.push_back(draw);
    }
  }
  return all;
}

bool MergedDrafter::reads_features() const {
  return std::ranges::any_of(parts_, [](const Part& part) { return part.drafter->reads_features(); });
}

void MergedDrafter::open(const Sequence& sequence, const Forward& prompt) {
  for (Part& part : parts_) part.drafter->open(sequence, prompt);
}

void MergedDrafter::close(const Sequence& sequence) {
  for (Part& part : parts_) part.drafter->close(sequence);
}

void MergedDrafter::truncate(const Sequence& text, int common) {
  for (Part& part : parts_) part.drafter->truncate(text, common);
}

void MergedDrafter::draft(Batch batch, std::span<Draft> drafts) {
  for (std::size_t i = 0; i < batch.size(); ++i) drafts[i].reset(batch[i]->text.back(), proposers_);
  for (Part& part : parts_) {
    if (part.drafts.size() < batch.size()) {
      part.drafts.resize(batch.size());
      part.merged.resize(batch.size());
      part.verdicts.resize(batch.size());
    }
    for (std::size_t i = 0; i < batch.size(); ++i) part.drafts[i].reset(batch[i]->text.back());
    part.drafter->draft(batch, std::span(part.drafts).first(batch.size()));
    for (std::size_t i = 0; i < batch.size(); ++i) add(part, i, drafts[i]);
  }
}

void MergedDrafter::add(Part& part, std::size_t index, Draft& merged) {
  const Draft& own = part.drafts[index];
  std::vector<int>& home = part.merged[index];
  home.assign(1, 0);
  for (int p = 0; p < own.proposers(); ++p) merged.set_draw(own.draw(p), part.first_proposer + p);
  for (int node = 0; node < own.size(); ++node) {
    if (node > 0) {
      const int parent = home[own.tree().parent(node)];
      const Token token = own.tree().token(node);
      const int same = own.probe(node) ? TokenTree::kNone : find_child(merged, parent, token, false);
      // A fixed guess that stands there already would change nothing. One that was drawn must be judged all
      // the same, as a leaf: its rejection shrinks the residual. Judged after its twin it is never accepted;
      // a rule that takes siblings in random order may accept it, which ends the path there.
      int added = same;
      if (same == TokenTree::kNone || own.drawn(node) != Draw::fixed) {
        added = merged.add(parent, token, part.first_proposer + own.proposer(node), own.probe(node));
      }
      home.push_back(same == TokenTree::kNone ? added : same);
    }
    for (int p = 0; p < own.proposers(); ++p) {
      if (const Row scores = own.scores(node, p)) {
        merged.set_scores(home.back(), scores, part.first_proposer + p);
      }
    }
  }
}

void MergedDrafter::observe(const Outcome& outcome) {
  for (Part& part : parts_) {
    part.made.clear();
    for (std::size_t i = 0; i < outcome.batch.size(); ++i) {
      part.made.push_back(part.drafts[i].size());
      translate(part, i, outcome.drafts[i], outcome.verdicts[i]);
    }
    const std::size_t count = outcome.batch.size();
    part.judged.assign(part.merged.begin(), part.merged.begin() + static_cast<std::ptrdiff_t>(count));
    for (std::size_t i = 0; i < count && !outcome.renamed.empty(); ++i) {  // a merge within a merge
      for (int& node : part.judged[i]) node = outcome.renamed[i][node];
    }
    part.drafter->observe({outcome.batch, std::span(part.drafts).first(count),
                           std::span(part.verdicts).first(count), outcome.target, part.judged, part.made});
  }
}

void MergedDrafter::translate(Part& part, std::size_t index, const Draft& merged, const Verdict& verdict) {
  Draft& own = part.drafts[index];
  std::vector<int>& home = part.merged[index];
  Verdict& mine = part.verdicts[index];
  mine.path.clear();
  mine.next = verdict.next;
  int at = 0;
  for (const int node : verdict.path) {
    int child = own.first_candidate(at);
    while (child != TokenTree::kNone && home[child] != node) {
      child = own.next_candidate(child);
    }
    if (child == TokenTree::kNone) {
      child = own.add(at, merged.tree().token(node));
      home.push_back(node);
    }
    mine.path.push_back(at = child);
  }
}

}  // namespace speclab
