#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "experiments/certify/certified_point.h"

namespace speclab {

// Of each of several points, the settings in which it differs from others of them: what a reader tells them
// apart by. Digests and what follows from other settings are left out.
std::vector<Settings> differing(std::span<const Settings> points);

// "posterior_threshold 0.3, draw fixed": settings in words.
std::string in_words(const Settings& settings);

// A line per point: verdict, distance, and what it differs in. 80 columns.
std::string summary(std::span<const CertifiedPoint> points);

}  // namespace speclab
