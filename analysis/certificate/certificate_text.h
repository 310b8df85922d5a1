#pragma once

#include <string>

#include "analysis/certificate/certificate.h"

namespace speclab {

std::string_view name(Decision decision);  // "LOSSLESS", "LOSSY", "UNDECIDED"

// The statistical part of a certificate on one screen: every test, the distance, what would be noticed.
std::string to_text(const Certificate& certificate);

}  // namespace speclab
