#include "core/results/recorder.h"

#include <fmt/format.h>

#include "core/numerics/fnv1a.h"

namespace speclab {

std::uint64_t PointSettings::key() const {
  Fnv1a hash;
  for (const auto& [name, value] : settings) hash.add(fmt::format("{}={}\n", name, value.dump()));
  return hash.value();
}

std::string PointSettings::name() const { return fmt::format("{:016x}", key()); }

std::uint64_t text_signature(std::span<const Token> text) {
  Fnv1a hash;
  for (const Token token : text) hash.add(static_cast<std::uint32_t>(token));
  return hash.value();
}

}  // namespace speclab
