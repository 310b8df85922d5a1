#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace speclab {

// FNV-1a, 64 bits: the same on every machine, unlike std::hash.
class Fnv1a {
 public:
  void add(std::string_view bytes) {
    for (const char byte : bytes) mix(static_cast<unsigned char>(byte));
  }
  // Its bytes, the lowest first.
  template <std::unsigned_integral Number>
  void add(Number number) {
    for (std::size_t i = 0; i < sizeof number; ++i) mix((number >> (8 * i)) & 0xFF);
  }
  std::uint64_t value() const { return value_; }

 private:
  void mix(std::uint64_t byte) { value_ = (value_ ^ byte) * 0x100000001B3u; }

  std::uint64_t value_ = 0xCBF29CE484222325u;
};

}  // namespace speclab
