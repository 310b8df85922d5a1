#pragma once

#include <string>

#include "core/cost/device.h"
#include "core/cost/model_shape.h"

namespace speclab {

// What prices of this target on this device were found to be off by, or what to expect where nobody compared
// them, as one line to stand beside priced numbers. configs/devices/README.md has the comparisons. It is of
// times; of a ratio of two times the shared part cancels.
std::string stated_error(const Device& device, const ModelShape& target);

}  // namespace speclab
