#pragma once

#include <cstdint>
#include <iterator>
#include <limits>
#include <string_view>

namespace speclab {

// Numbers as an input says, byte by byte; zeros where it has ended. A few bytes stand for what is at an edge.
class BytesOfInput {
 public:
  explicit BytesOfInput(std::string_view bytes) : bytes_(bytes) {}

  std::uint8_t next() {
    return at_ < bytes_.size() ? static_cast<std::uint8_t>(bytes_[at_++]) : std::uint8_t{0};
  }
  std::int64_t integer() {
    constexpr std::int64_t kEdges[] = {-1,        INT32_MAX,     INT32_MIN, INT64_MAX,
                                       INT64_MIN, 1'000'000'000, 4096,      255};
    const std::uint8_t byte = next();
    return byte < 0x100 - std::size(kEdges) ? byte % 8 : kEdges[byte - (0x100 - std::size(kEdges))];
  }
  double real() {
    using Limits = std::numeric_limits<double>;
    constexpr double kEdges[] = {-1, 1e308, -1e308, 1e-308, Limits::infinity(), Limits::quiet_NaN()};
    const std::uint8_t byte = next();
    return byte < 0x100 - std::size(kEdges) ? byte / 16.0 : kEdges[byte - (0x100 - std::size(kEdges))];
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace speclab
