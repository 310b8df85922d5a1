#pragma once

#include "core/check.h"
#include "core/random/counter_rng.h"

namespace speclab {

// The source whose decisions kernels take in its place, with the same uniforms; any other cannot be asked
// there.
inline CounterRng& counter_source(RandomSource* chance) {
  auto* source = dynamic_cast<CounterRng*>(chance);
  SPECLAB_CHECK(source != nullptr,
                "rows on a device are decided by key and count, so the source must be a CounterChance");
  return *source;
}

}  // namespace speclab
