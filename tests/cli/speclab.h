#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace speclab {

// What the tests run: the program as it was built.
inline Ended speclab(const std::vector<std::string>& arguments, const Surroundings& surroundings = {}) {
  return run_program(SPECLAB_BINARY, arguments, surroundings);
}

inline void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

inline std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

// A point that takes milliseconds and needs no weights.
inline const std::string kSynthetic = R"(target.kind = "hashed"
drafter.kind = "agreement"
clock.kind = "analytic"
price.kind = "constant"
)";

}  // namespace speclab
