#pragma once

#include <functional>
#include <vector>

#include "core/models/tokenizer/component.h"
#include "core/token_tree.h"

namespace speclab {

// Puts the special tokens around the tokens of one text.
using PostProcessor = std::function<void(std::vector<Token>&)>;

// The "post_processor" of a tokenizer.json; ConfigError if it is malformed or not supported.
PostProcessor make_post_processor(const Component& component);

}  // namespace speclab
