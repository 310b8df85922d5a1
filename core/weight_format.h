#pragma once

#include <string_view>
#include <vector>

#include "core/model_shape.h"

namespace speclab {

// Formats by name, with the bits that reach the memory bus.
const std::vector<WeightFormat>& weight_formats();

// The shape with its weights stored in a named format. Throws ConfigError for a name that is none.
ModelShape stored_as(ModelShape shape, std::string_view format);

}  // namespace speclab
