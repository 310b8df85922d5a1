#pragma once

#include <vector>

#include "strategies/drafters/growing_drafter.h"
#include "strategies/drafters/oracle_guesses.h"

namespace speclab {

// Guesses what the target is known to write, each token right with a given probability: any acceptance, on
// any target and prompts, for measuring time alone. Drafts cost nothing; see CorrectedDrafter for those that
// do. Where the text has left the known one nothing is drafted.
class OracleDrafter : public GrowingDrafter {
 public:
  OracleDrafter(Topology& topology, OracleGuesses guesses)
      : GrowingDrafter(topology), oracle_(std::move(guesses)) {}

 protected:
  void begin(Batch batch, std::span<Draft> drafts) override;
  void grow(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth) override;

 private:
  struct Known {
    std::span<const Token> ahead;  // what the target will write from here on
    std::vector<bool> right;       // by node, whether the target will write all up to it
  };

  OracleGuesses oracle_;
  std::vector<Known> known_;  // by draft
  std::vector<OracleGuesses::Guess> guesses_;
};

}  // namespace speclab
