#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/settings/params.h"

namespace speclab {

// Published acceptance rates come in four forms. One of them is turned into conditional rates, by depth: that
// a guess is right where all above it are. Numbers that cannot be throw ConfigError with the reason.

// Joint rates by position: that a step accepted at least so many guesses. They never rise.
std::vector<double> from_joint_rates(std::span<const double> joint);

// The rate a, the same at every depth, with which a chain of `length` guesses has `accepted` of them accepted
// on average: a + a^2 + ... + a^length = accepted, from 0 to length (Leviathan et al. 2023, equation 1,
// without the target's own token).
double from_mean_accepted(double accepted, int length);

// Reads the rates of a drafter: `acceptance`, which `meaning` explains, or another form, converted. What was
// given and what it means as `acceptance` are both resolved.
std::vector<double> read_acceptance(Params& p, const std::string& meaning);

}  // namespace speclab
