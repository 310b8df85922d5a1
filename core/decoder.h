#pragma once

#include <span>
#include <vector>

#include "core/acceptance_rule.h"
#include "core/counts.h"
#include "core/drafter.h"
#include "core/language_model.h"

namespace speclab {

// What one step did for one sequence.
struct StepRow : StepCounts {
  SequenceId sequence{};
};

// Moves a batch forward by one draft-verify step.
class Decoder {
 public:
  Decoder(LanguageModel& target, Drafter& drafter, AcceptanceRule& rule)
      : target_(target), drafter_(drafter), rule_(rule) {}

  // Takes a sequence in and fills the target's cache up to, not including, its last token.
  void admit(const Sequence& sequence);
  void retire(const Sequence& sequence);

  // One row per sequence, in the batch's order; they live until the next step.
  std::span<const StepRow> step(Batch batch);

 private:
  std::span<Draft> bare_roots(Batch batch);
  std::span<const SequenceInput> unseen(Batch batch, std::span<const Draft> drafts);
  std::span<Verdict> blank_verdicts(Batch batch);
  std::span<const Commit> paths(Batch batch, std::span<const Verdict> verdicts);
  std::span<const StepRow> extend(Batch batch, std::span<const Draft> drafts,
                                  std::span<const Verdict> verdicts);

  LanguageModel& target_;
  Drafter& drafter_;
  AcceptanceRule& rule_;
  // Reused from step to step.
  std::vector<Draft> drafts_;
  std::vector<Verdict> verdicts_;
  std::vector<int> counting_;  // 1, 2, 3, ...: all nodes below a root
  std::vector<SequenceInput> slices_;
  std::vector<Commit> commits_;
  std::vector<StepRow> rows_;
};

}  // namespace speclab
