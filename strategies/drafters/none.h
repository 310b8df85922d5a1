#pragma once

#include "core/drafter.h"

namespace speclab {

// Plain decoding: every draft stays a bare root, and each step emits the target's own token.
class NoDrafter : public Drafter {
 public:
  DraftTraits traits() const override { return {.draws = {}}; }  // no guesses, so that any rule fits
  void draft(Batch, std::span<Draft>) override {}
};

}  // namespace speclab
