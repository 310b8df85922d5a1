#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/distributions.h"
#include "core/draft_heads.h"
#include "core/results/result_rows.h"
#include "core/sequence.h"

namespace speclab {

// How often a head's rank-th likeliest token is the one that stands there, where the tokens before it are the
// text's own: along texts that the target wrote itself (Medusa, Cai et al. 2024, section 2.3.3, builds its
// tree from these numbers). A row per head and rank, 1 to `ranks`. The sequences must not be open in either
// model.
std::vector<HeadRecord> head_accuracy(LanguageModel& target, DraftHeads& heads, Distributions& distributions,
                                      std::span<const Sequence> written, int ranks = 4);

// A table of them: a line per head, the rate at each rank.
std::string to_text(std::span<const HeadRecord> accuracy);

}  // namespace speclab
