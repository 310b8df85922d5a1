#pragma once

#include <span>

#include "core/token_tree.h"

namespace speclab {

// The index of the largest logit, the lowest of equals. NaNs do not count; a row without any other value
// is a broken invariant.
Token argmax(std::span<const float> logits);

}  // namespace speclab
