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

// `whose`: "a head's", "the EAGLE head's".
[[noreturn]] inline void head_overflows(const char* whose) {
  throw ConfigError(
      fmt::format("{} logit is NaN or infinite, though all weights are finite: activations overflow "
                  "(does it belong to this target?)",
                  whose));
}

}  // namespace speclab
