#pragma once

#include <span>

#include "core/draft.h"
#include "core/language_model.h"

namespace speclab {

// What became of one step's drafts.
struct Outcome {
  Batch batch;  // texts as they were before the step
  std::span<const Draft> drafts;
  std::span<const Verdict> verdicts;
  const Forward& target;  // slice i belongs to batch[i]: the root's row, then a row per node in node order
};

// Makes trees of guesses.
class Drafter {
 public:
  virtual ~Drafter() = default;
  virtual void open(const Sequence&) {}
  virtual void close(const Sequence&) {}
  // Drafts come as bare roots, one per sequence; to leave one bare is plain decoding.
  virtual void draft(Batch batch, std::span<Draft> drafts) = 0;
  virtual void observe(const Outcome&) {}
};

}  // namespace speclab
