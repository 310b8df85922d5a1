#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "core/draft.h"
#include "core/language_model.h"

namespace speclab {

// What became of one step's drafts.
struct Outcome {
  Batch batch;  // texts as they were before the step
  std::span<const Draft> drafts;
  std::span<const Verdict> verdicts;
  const Forward& target;  // slice i belongs to batch[i]: the root's row, then a row per node
  std::span<const std::vector<int>> renamed = {};  // draft -> node -> the target's number; empty: the same
  // draft -> its nodes that the drafter made, the first of all: a merge adds what others' guesses were
  // accepted. Empty: all are its own.
  std::span<const int> made = {};

  // Of the target's rows, the one at a node of the i-th draft.
  int row(std::size_t i, int node) const {
    return target.first[i] + (renamed.empty() ? node : renamed[i][node]);
  }
  // Nodes of the i-th draft that the drafter made, the root among them.
  int own(std::size_t i) const { return made.empty() ? drafts[i].size() : made[i]; }
  // How many of its own guesses were accepted, one after another from the root.
  int own_accepted(std::size_t i) const {
    const std::vector<int>& path = verdicts[i].path;
    const auto own_end = std::ranges::find_if(path, [&](int node) { return node >= own(i); });
    return static_cast<int>(own_end - path.begin());
  }
};

// What a rule must know of the drafts that a drafter may make, where the temperature is not 0 (at 0 all
// guesses are fixed).
struct DraftTraits {
  std::vector<Draw> draws = {Draw::fixed};
  bool branches = false;         // a node may have two candidates
  bool prunes_by_token = false;  // see Topology
  int proposers = 1;
};

// Makes trees of guesses.
class Drafter {
 public:
  virtual ~Drafter() = default;
  virtual DraftTraits traits() const { return {}; }
  // Whether `open` is to be given the target's hidden rows of the prompt.
  virtual bool reads_features() const { return false; }
  // `prompt` is the target's pass over all tokens of the text but the last: its features where they are read.
  // It lives until the call returns.
  virtual void open(const Sequence&, const Forward& /*prompt*/) {}
  virtual void close(const Sequence&) {}
  // Drafts come as bare roots, one per sequence; to leave one bare is plain decoding.
  virtual void draft(Batch batch, std::span<Draft> drafts) = 0;
  virtual void observe(const Outcome&) {}
  // Text that had been certain may not be: only the first `common` tokens of `text` are surely those that the
  // drafter was last shown. The decoder never says so; a cascade does to the drafter within it.
  virtual void truncate(const Sequence& /*text*/, int /*common*/) {}
};

}  // namespace speclab
