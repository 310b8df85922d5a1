// Typical acceptance with Medusa's settings, meant to be lossy, and here called lossless. Medusa and vLLM
// (v0) offer it beside lossless rules.
#pragma once

#include "strategies/rules/typical.h"

namespace speclab::bugs {

class TypicalCalledLossless : public Typical {
 public:
  TypicalCalledLossless() : Typical(0.09, 0.3) {}
  bool lossless(const Sampling&) const override { return true; }
};

}  // namespace speclab::bugs
