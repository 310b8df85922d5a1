#pragma once

#include <string>
#include <vector>

#include "core/models/tokenizer/tokenizer.h"

namespace speclab {

// What is to be said where files beside a tokenizer.json name another token than is put before texts.
std::vector<std::string> other_beginnings(const Tokenizer& tokenizer);

// The same of the tokens that end texts.
std::vector<std::string> other_ends(const Tokenizer& tokenizer, const std::vector<Token>& ends);

}  // namespace speclab
