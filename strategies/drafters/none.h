#pragma once

#include "core/drafter.h"

namespace speclab {

// Plain decoding: every draft stays a bare root, and each step emits the target's own token.
class NoDrafter : public Drafter {
 public:
  void draft(Batch, std::span<Draft>) override {}
};

}  // namespace speclab
