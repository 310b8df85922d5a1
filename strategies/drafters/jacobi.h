#pragma once

#include <unordered_map>
#include <vector>

#include "core/distributions.h"
#include "core/drafter.h"

namespace speclab {

// Jacobi decoding (Santilli et al. 2023, arXiv 2305.10427: parallel Jacobi, over a block that moves on with
// the text): `window` guesses are judged at once, and the target's likeliest tokens after the rejected ones
// are the next guesses.
class JacobiDrafter : public Drafter {
 public:
  JacobiDrafter(Distributions& distributions, int window) : distributions_(distributions), window_(window) {}

  DraftTraits traits() const override { return {{Draw::fixed}, false, false, 1}; }
  void open(const Sequence& sequence, const Forward&) override { guesses_[sequence.id] = {}; }
  void close(const Sequence& sequence) override { guesses_.erase(sequence.id); }
  void draft(Batch batch, std::span<Draft> drafts) override;
  void observe(const Outcome& outcome) override;

 private:
  Distributions& distributions_;
  int window_;
  std::unordered_map<SequenceId, std::vector<Token>> guesses_;
  std::vector<Distributions::Pick> picks_;
  std::vector<Token> likeliest_;
};

}  // namespace speclab
