#pragma once

#include "core/sequence.h"

namespace speclab {

// The deepest node whose acceptance could still lengthen the text: a step emits the accepted path and one
// token more. It depends on lengths alone, so it tells nothing about the tokens.
inline int useful_depth(const Sequence& sequence) {
  return sequence.max_new_tokens - sequence.new_tokens() - 1;
}

}  // namespace speclab
