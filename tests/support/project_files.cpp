#include "tests/support/project_files.h"

namespace speclab {

std::filesystem::path project_files() { return SPECLAB_SOURCE_DIR; }

}  // namespace speclab
