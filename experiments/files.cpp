#include "experiments/files.h"

#include <fmt/format.h>

#include <vector>

#include "core/errors.h"

namespace speclab {
namespace fs = std::filesystem;

fs::path find_path(const std::string& setting, const std::string& path, const fs::path& config_directory) {
  const std::vector<fs::path> places{path, config_directory / path, fs::path(SPECLAB_PROJECT_DIR) / path};
  for (const fs::path& place : places) {
    if (fs::exists(place)) return place;
  }
  throw ConfigError(
      fmt::format("{} = \"{}\": there is no such file; looked in the working folder{} and the project's root",
                  setting, path, config_directory.empty() ? "" : ", in " + config_directory.string()));
}

fs::path project_configs(const std::string& folder) { return project_file("configs/" + folder); }

fs::path project_file(const std::string& path) { return fs::path(SPECLAB_PROJECT_DIR) / path; }

}  // namespace speclab
