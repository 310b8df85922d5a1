#pragma once

#include <functional>

#include "core/models/tokenizer/component.h"
#include "core/models/tokenizer/piece.h"

namespace speclab {

using Normalizer = std::function<void(Piece&)>;

// The "normalizer" of a tokenizer.json; ConfigError if it is malformed or not supported.
Normalizer make_normalizer(const Component& component);

}  // namespace speclab
