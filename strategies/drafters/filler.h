#pragma once

#include <span>

#include "core/random/counter_rng.h"

namespace speclab {

// The k-th guess where there is nothing to go by: some token of the text, chosen by a hash, so that it is no
// decision and does not depend on the batch.
inline Token filler(std::span<const Token> text, int k) {
  const std::uint64_t hash = mix64(mix64(text.size() + kGolden) ^ static_cast<std::uint64_t>(k));
  return text[hash % text.size()];
}

}  // namespace speclab
