#pragma once

#include <memory>
#include <vector>

#include "core/drafter_decorator.h"
#include "strategies/drafters/oracle_guesses.h"

namespace speclab {

// Another drafter drafts, at its own cost, and its guesses are replaced by ones that are right with a given
// probability: the time of any drafter, a model without weights too, at any acceptance. The trees keep their
// shapes. What the other one keeps of accepted guesses are its own, so they say nothing about what it would
// have guessed.
class CorrectedDrafter : public DrafterDecorator {
 public:
  // `inner` proposes alone (DraftTraits::proposers).
  CorrectedDrafter(std::unique_ptr<Drafter> inner, OracleGuesses guesses);

  DraftTraits traits() const override;
  void draft(Batch batch, std::span<Draft> drafts) override;

 private:
  void correct(const Sequence& sequence, Draft& draft);

  std::unique_ptr<Drafter> drafter_;
  OracleGuesses oracle_;
  // Reused from draft to draft.
  std::vector<bool> right_;  // by node
  std::vector<int> children_;
  std::vector<OracleGuesses::Guess> guesses_;
};

}  // namespace speclab
