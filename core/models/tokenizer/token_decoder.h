#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/models/tokenizer/component.h"

namespace speclab {

// Rewrites the pieces of tokens; joined, they are the text.
using TokenDecoder = std::function<void(std::vector<std::string>&)>;

// The "decoder" of a tokenizer.json; ConfigError if it is malformed or not supported.
TokenDecoder make_token_decoder(const Component& component);

}  // namespace speclab
