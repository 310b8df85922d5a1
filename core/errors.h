#pragma once

#include <stdexcept>
#include <string>

namespace speclab {

// U+FFFD for each zero byte, at which a message would end.
inline std::string without_zeros(std::string text) {
  for (std::size_t at = text.find('\0'); at != std::string::npos; at = text.find('\0', at))
    text.replace(at, 1, "\xef\xbf\xbd");
  return text;
}

// The user asked for what cannot be run: names the thing and what would be right.
class ConfigError : public std::runtime_error {
 public:
  explicit ConfigError(const std::string& message) : std::runtime_error(without_zeros(message)) {}
};

// Each setting is right by itself, but together they make no run. A sweep skips such a point and stores why.
class ImpossiblePoint : public ConfigError {
 public:
  using ConfigError::ConfigError;
};

}  // namespace speclab
