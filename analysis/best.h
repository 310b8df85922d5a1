#pragma once

#include <span>
#include <vector>

#include "analysis/prompt_selection.h"

namespace speclab {

enum class Timed : std::uint8_t { measured, priced };

// Which of these points, that differ in what a user chooses alone, are not to be told from the one with the
// largest speedup: the interval of the ratio of the two speedups, prompt paired with prompt and run with run
// where both have the same, includes 1. None, where that largest speedup is itself not to be told from plain
// decoding, and none without an interval.
std::vector<bool> best_of(std::span<const PromptSelection> points, Timed timed);

}  // namespace speclab
