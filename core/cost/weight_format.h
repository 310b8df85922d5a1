#pragma once

#include <string_view>
#include <vector>

#include "core/cost/model_shape.h"

namespace speclab {

// Formats by name, with the bits that reach the memory bus.
const std::vector<WeightFormat>& weight_formats();

// By name, or as engines call it: int4, awq and gptq are int4-g128. Throws ConfigError for a name that is
// none.
const WeightFormat& weight_format(std::string_view name);

// The shape with its weights stored in a named format.
ModelShape stored_as(ModelShape shape, std::string_view format);

// Bits of a number in the key-value cache by the format's name: bf16, fp8, q8_0, ... Throws ConfigError for a
// name that is none.
double cache_bits(std::string_view format);

}  // namespace speclab
