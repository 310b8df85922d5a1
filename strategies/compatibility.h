#pragma once

#include "core/acceptance_rule.h"

namespace speclab {

// Throws ImpossiblePoint, with the reason and what would fit, where a rule cannot judge what a drafter makes,
// or guesses that are drawn would be pruned for what they are. `greedy`: at temperature 0, where all guesses
// are fixed and every rule walks any tree along the likeliest tokens, so that everything fits.
void check_compatibility(const DraftTraits& drafts, const RuleRequirements& rule, bool greedy = false);

}  // namespace speclab
