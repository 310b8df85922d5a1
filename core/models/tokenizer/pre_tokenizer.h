#pragma once

#include <functional>
#include <vector>

#include "core/models/tokenizer/component.h"
#include "core/models/tokenizer/piece.h"

namespace speclab {

using PreTokenizer = std::function<void(std::vector<Piece>&)>;

// The "pre_tokenizer" of a tokenizer.json; ConfigError if it is malformed or not supported.
PreTokenizer make_pre_tokenizer(const Component& component);

// Whether it is one, of which a decoder has the same fields.
bool is_metaspace(const Component& component);

// Whether a Metaspace puts its replacement before the text: "always", "first" or "never".
std::string prepend_scheme(const Component& metaspace);

}  // namespace speclab
