#pragma once

#include <filesystem>
#include <string>

namespace speclab {

// A path of a config: as it stands, relative to the config's folder, or relative to the project's root,
// whichever exists first. Throws ConfigError naming `setting` and where it was looked for.
std::filesystem::path find_path(const std::string& setting, const std::string& path,
                                const std::filesystem::path& config_directory);

// A file of the project, by its path in it.
std::filesystem::path project_file(const std::string& path);

// A folder of the project's configs/, such as "devices".
std::filesystem::path project_configs(const std::string& folder);

}  // namespace speclab
