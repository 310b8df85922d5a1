#pragma once

#include <string>
#include <vector>

namespace speclab {

// A part of a text on its way to tokens.
struct Piece {
  std::string text;
  bool at_start = false;  // whether it begins where the user's text begins
};

}  // namespace speclab
