#pragma once

#include "core/results/recorder.h"

namespace speclab {

// This build on this machine, now. Clock and prices are the point's own to fill in.
Provenance provenance(const std::string& command_line);

// "speclab 0.1.0 (git 1a2b3c4, dirty)".
std::string version_line();

}  // namespace speclab
