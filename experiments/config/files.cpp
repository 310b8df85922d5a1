#include "experiments/config/files.h"

#include <fmt/format.h>

#include <system_error>
#include <vector>

#include "core/errors.h"

namespace speclab {
namespace fs = std::filesystem;

namespace {

// Beside an installed program, else where it was built from.
const fs::path& project_root() {
  static const fs::path root = [] {
    std::error_code none;
    const fs::path program = fs::read_symlink("/proc/self/exe", none);
    const fs::path installed = program.parent_path().parent_path() / "share/speclab";
    return fs::is_directory(installed / "configs", none) ? installed : fs::path(SPECLAB_PROJECT_DIR);
  }();
  return root;
}

}  // namespace

fs::path find_path(const std::string& setting, const std::string& path, const fs::path& config_directory) {
  const std::vector<fs::path> places{path, config_directory / path, project_root() / path};
  for (const fs::path& place : places) {
    if (fs::exists(place)) return place;
  }
  throw ConfigError(
      fmt::format("{} = \"{}\": there is no such file; looked in the working folder{} and the project's root",
                  setting, path, config_directory.empty() ? "" : ", in " + config_directory.string()));
}

fs::path project_configs(const std::string& folder) { return project_file("configs/" + folder); }

fs::path project_file(const std::string& path) { return project_root() / path; }

}  // namespace speclab
