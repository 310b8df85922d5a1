#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace speclab {

// A broken invariant of this program, never the user's mistake.
class BrokenInvariant : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] inline void broken_invariant(const char* condition, const char* file, int line,
                                          const std::string& message) {
  throw BrokenInvariant(fmt::format("{}:{}: {} does not hold: {}", file, line, condition, message));
}

}  // namespace speclab

// On in every build. The message shows the values that broke the condition.
#define SPECLAB_CHECK(condition, ...)                                                          \
  do {                                                                                         \
    if (!(condition)) [[unlikely]]                                                             \
      ::speclab::broken_invariant(#condition, __FILE__, __LINE__, ::fmt::format(__VA_ARGS__)); \
  } while (false)
