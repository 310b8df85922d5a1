#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace speclab {

// The kinds of the drafters that make a drafter's guesses, as its settings name them: of a merge or a
// corrected drafter those that it is `of`, of a cascade its own and its inner one. What is malformed is left
// out: whoever makes the drafter says so.
std::vector<std::string> drafter_kinds(const nlohmann::json& drafter);

// How many models of their own these run, heads too. Those that a target has anyway do not count.
int models_of(const nlohmann::json& drafter);

// Whether guesses cost passes of any model.
bool runs_models(const nlohmann::json& drafter);

}  // namespace speclab
