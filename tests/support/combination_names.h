#pragma once

#include <ostream>

#include "experiments/certify/scenarios.h"

namespace speclab {

// What a combination is called in the names of tests.
inline void PrintTo(const Combination& combination, std::ostream* out) { *out << combination.name(); }

}  // namespace speclab
