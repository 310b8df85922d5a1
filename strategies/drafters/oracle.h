#pragma once

#include <vector>

#include "core/agreement.h"
#include "strategies/continuations.h"
#include "strategies/drafters/growing_drafter.h"

namespace speclab {

// Guesses what the target is known to write, each token right with a given probability: any acceptance, on
// any target and prompts, for measuring time alone. Where the text has left the known one nothing is drafted.
class OracleDrafter : public GrowingDrafter {
 public:
  OracleDrafter(Topology& topology, Continuations continuations, Agreement agreement, std::uint64_t seed)
      : GrowingDrafter(topology),
        continuations_(std::move(continuations)),
        agreement_(std::move(agreement)),
        seed_(mix64(seed + kGolden)) {}

 protected:
  void begin(Batch batch, std::span<Draft> drafts) override;
  void grow(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth) override;

 private:
  struct Known {
    std::span<const Token> ahead;  // what the target will write from here on
    std::vector<bool> right;       // by node, whether the target will write all up to it
  };
  void add_children(const Sequence& sequence, Draft& draft, Known& known, const Growth& growth) const;

  Continuations continuations_;
  Agreement agreement_;
  std::uint64_t seed_;
  std::vector<Known> known_;  // by draft
};

}  // namespace speclab
