#pragma once

#include <toml++/toml.h>

#include <string>

#include "core/cost/catalogue.h"

namespace speclab {

// Puts overrides into a file's table; those of efficiency into the stack's too, since a stack has the last
// word. ConfigError starting with `place` for a key that such a file cannot have, or that is given twice.
void override_device(toml::table& file, const std::string& stack, const Overrides& overrides,
                     const std::string& place);
void override_shape(toml::table& file, const Overrides& overrides, const std::string& place);

// A hash of what a file's numbers are, whatever is said of them: names, sources and stated errors apart, and
// of stacks all but one.
std::string digest_of(toml::table file, const std::string& stack);

}  // namespace speclab
