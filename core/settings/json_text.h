#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace speclab {

// How deeply arrays and objects may lie within each other. Copying, printing and freeing a value takes stack
// for each level, so a file must not choose the number.
inline constexpr int kMaxJsonLevels = 256;

// The value that `text` is. ConfigError, which begins with `place` (a file, or file:line), where it is not
// JSON, is nested more deeply than kMostJsonLevels, or names a key of an object twice.
nlohmann::json parse_json(std::string_view text, const std::string& place);

}  // namespace speclab
