#pragma once

#include <span>
#include <string>
#include <string_view>

namespace speclab {

// "a, b, c": the names fewest edits away from `name`, nearest first, at most `most`.
std::string nearest_names(std::string_view name, std::span<const std::string> names, std::size_t max = 5);

// ", did you mean 'x'?" where one of the names is near enough to be meant, else nothing.
std::string did_you_mean(std::string_view wrong, std::span<const std::string> names);

}  // namespace speclab
