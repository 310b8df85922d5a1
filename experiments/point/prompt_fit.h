#pragma once

#include <string_view>

#include "core/settings/params.h"
#include "experiments/point/workload.h"

namespace speclab {

struct PositionLimit {
  int positions = 0;       // of a prompt and what is written after it; 0: no limit
  std::string_view whose;  // for messages
};

// Keeps the first `count` prompts of the workload that fit before its max_new_tokens (0: all that do). Reads
// workload.too_long: "refuse" those that do not with ConfigError, "skip" them, or "cut" them to their last
// tokens, with what the tokenizer puts before a text kept. A prompt is cut where engines that are asked to
// truncate cut it, at its beginning: what is asked for stands at its end. What was skipped and cut goes into
// the workload's remarks.
void fit_prompts(Workload& made, Params& workload, PositionLimit limit, int count);

}  // namespace speclab
