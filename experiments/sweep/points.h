#pragma once

#include <string>
#include <vector>

#include "experiments/config/config_file.h"

namespace speclab {

// One point of an experiment before it is assembled.
struct PointRequest {
  Config config;
  std::string skipped;  // the reason, or empty
};

// The product of the axes, the last axis fastest.
std::vector<PointRequest> points(const Experiment& experiment);

}  // namespace speclab
