#pragma once

#include <filesystem>
#include <string>

#include "core/cost/catalogue.h"
#include "core/settings/params.h"

namespace speclab {

// A device or shape of the catalogue by its name, or of a file of the user's own by its path, which ends in
// .toml: looked for as find_path does. `setting` is what named it, for messages.
Device device_named(const std::string& setting, const std::string& name,
                    const std::filesystem::path& config_directory, const std::string& stack = "",
                    const Overrides& overrides = {});
ModelShape shape_named(const std::string& setting, const std::string& name,
                       const std::filesystem::path& config_directory, const Overrides& overrides = {});

// A setting that is a table of overrides, by dotted keys; none where it is left out. `section` is what
// `params` were given.
Overrides read_overrides(Params& params, const char* name, const nlohmann::json& section);
// The values of a table and of the tables in it, by dotted key.
Overrides flattened(const nlohmann::json& table);
// " with a = 1, b = 2", or "".
std::string overrides_in_words(const Overrides& overrides);

}  // namespace speclab
