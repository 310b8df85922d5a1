#pragma once

#include <toml++/toml.h>

#include <filesystem>

namespace speclab {

// How deeply tables and arrays of a TOML file may lie within each other, parts of dotted keys included.
// Copying and freeing them takes stack for each level.
inline constexpr int kMaxTomlLevels = 64;

// The table that a file is. ConfigError "file:line: ..." where it is no TOML, has control characters or bytes
// that are not UTF-8, or is nested more deeply; "file: ..." where it is no regular file or has more than 16
// MB.
toml::table parse_toml(const std::filesystem::path& file);

// Likewise of a text; messages begin with `place`.
toml::table parse_toml(std::string_view text, const std::string& place);

}  // namespace speclab
