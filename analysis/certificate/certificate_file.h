#pragma once

#include <string>

#include "analysis/certificate/certificate.h"
#include "core/results/hdf5.h"

namespace speclab {

// Writes the statistics below `group`: attributes, `tests` (a row per test), `histograms` (a row per bin).
// analysis/CERTIFICATE.md describes them.
void write_certificate(Hdf5File& file, const std::string& group, const Certificate& certificate,
                       const Evidence& evidence);

}  // namespace speclab
