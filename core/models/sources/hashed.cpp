#include "core/models/sources/hashed.h"

#include <cstring>

#include "core/random/counter_rng.h"

namespace speclab {

Hashed::Hashed(int vocab, std::uint64_t seed) : vocab_(vocab), seed_(mix64(seed + kGolden)) {
  for (int i = 0; i < 2 * vocab; ++i) falling_.push_back(0 - kGap * static_cast<float>(i % vocab));
}

void Hashed::logits(const Site& site, std::span<float> row) const {
  const auto size = static_cast<std::uint64_t>(vocab_);
  const std::uint64_t likeliest = ((mix64(site.text ^ seed_) >> 32) * size) >> 32;
  const std::uint64_t from = likeliest == 0 ? 0 : size - likeliest;
  std::memcpy(row.data(), falling_.data() + from, row.size() * sizeof(float));
}

}  // namespace speclab
