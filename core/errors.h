#pragma once

#include <stdexcept>

namespace speclab {

// The user asked for what cannot be run: names the thing and what would be right.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace speclab
