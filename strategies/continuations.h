#pragma once

#include <functional>
#include <span>

#include "core/sequence.h"

namespace speclab {

// What the target writes by itself after the prompts of the run at hand.
struct Continuations {
  int vocab = 0;
  std::function<std::span<const Token>(SequenceId)> after_prompt;  // to be asked while the run is going on
};

}  // namespace speclab
