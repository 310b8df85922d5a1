#pragma once

#include <functional>
#include <memory>

#include "core/language_model.h"

namespace speclab {

// Holds a model to the contract of core/language_model.h, bit by bit, by gtest expectations: a tree's
// rows equal each path's alone; `keep` after any evaluation of any path, and `rewind` to any length,
// equal starting afresh; neither batch nor cuts of the text enter a row; the work is told truthfully.
// `make` gives the same model each time. Positions up to max_positions are used (at least 16); a query
// sees `window` of them, 0 for all.
void check_model_conformance(const std::function<std::unique_ptr<LanguageModel>()>& make, int max_positions,
                             int window = 0);

}  // namespace speclab
