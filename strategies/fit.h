#pragma once

#include "core/acceptance_rule.h"

namespace speclab {

// Throws ImpossiblePoint, with the reason and what would fit, where a rule cannot judge what a drafter makes,
// or guesses that are drawn would be pruned for what they are.
void check_fit(const DraftTraits& drafts, const Needs& rule);

}  // namespace speclab
