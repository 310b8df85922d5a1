#pragma once

#include <stdexcept>

namespace speclab {

// The user asked for what cannot be run: names the thing and what would be right.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Each setting is right by itself, but together they make no run. A sweep skips such a point and stores why.
class ImpossiblePoint : public ConfigError {
 public:
  using ConfigError::ConfigError;
};

}  // namespace speclab
