#include "core/recorder.h"

#include <fmt/format.h>

namespace speclab {
namespace {

// FNV-1a, 64 bits.
class Hash {
 public:
  void add(std::string_view bytes) {
    for (const char byte : bytes) mix(static_cast<unsigned char>(byte));
  }
  void add(Token token) {
    const auto bits = static_cast<std::uint32_t>(token);
    for (int shift = 0; shift < 32; shift += 8) mix((bits >> shift) & 0xff);
  }
  std::uint64_t value() const { return value_; }

 private:
  void mix(std::uint64_t byte) { value_ = (value_ ^ byte) * 0x100000001b3; }
  std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace

std::uint64_t PointSettings::key() const {
  Hash hash;
  for (const auto& [name, value] : settings) hash.add(fmt::format("{}={}\n", name, value.dump()));
  return hash.value();
}

std::string PointSettings::name() const { return fmt::format("{:016x}", key()); }

std::uint64_t text_signature(std::span<const Token> text) {
  Hash hash;
  for (const Token token : text) hash.add(token);
  return hash.value();
}

}  // namespace speclab
