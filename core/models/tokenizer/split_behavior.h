#pragma once

#include <vector>

#include "core/models/tokenizer/piece.h"
#include "core/models/tokenizer/regex.h"

namespace speclab {

// What becomes of a match at which a text is cut.
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

// Cuts every piece at the pattern (inverted: at what lies between matches). Empty parts vanish.
void split_pieces(std::vector<Piece>& pieces, const Regex& pattern, SplitBehavior behavior, bool invert);

}  // namespace speclab
