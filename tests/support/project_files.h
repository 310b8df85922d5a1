#pragma once

#include <filesystem>

namespace speclab {

// The project's root, where tests find its configs and their data.
std::filesystem::path project_files();

}  // namespace speclab
