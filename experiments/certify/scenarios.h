#pragma once

#include <vector>

#include "experiments/certify/exact.h"

namespace speclab {

// What the exact test runs every combination over: vocabularies of 2 to 6; random, tied, equal and disjoint
// rows, rows with zeros; every sampling setting; batches of unequal prompts and lengths, end tokens, and
// length limits that cut a draft short.
std::vector<Scenario> exact_scenarios();

}  // namespace speclab
