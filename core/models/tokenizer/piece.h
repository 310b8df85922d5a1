#pragma once

#include <string>
#include <vector>

#include "core/models/tokenizer/regex.h"

namespace speclab {

// A part of a text on its way to tokens.
struct Piece {
  std::string text;
  bool at_start = false;        // whether it begins where the user's text begins
  MatchSteps* steps = nullptr;  // of the user's text; never null in an encode
};

}  // namespace speclab
