#pragma once

#include <fmt/format.h>

#include "core/errors.h"

namespace speclab {

[[noreturn]] inline void logits_overflow(int row) {
  throw ConfigError(
      fmt::format("row {} of the pass has a logit that is NaN or infinite, though all weights are finite: "
                  "activations overflow (is the checkpoint damaged, or its type too narrow?)",
                  row));
}

}  // namespace speclab
