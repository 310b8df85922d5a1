#include "core/models/hashed.h"

#include <cstring>

#include "core/counter_chance.h"

namespace speclab {

Hashed::Hashed(int vocab, std::uint64_t seed) : vocab_(vocab), seed_(seed) {
  for (int i = 0; i < 2 * vocab; ++i) falling_.push_back(-kGap * static_cast<float>(i % vocab));
}

TokenSource::State Hashed::start(SequenceId sequence) const {
  return mix64(mix64(seed_ + kGolden) ^ (static_cast<std::uint64_t>(sequence) + kGolden));
}

TokenSource::State Hashed::advance(State state, Token token) const {
  return mix64(state + kGolden * (static_cast<std::uint64_t>(token) + 1));
}

void Hashed::logits(State state, const Site&, std::span<float> row) const {
  const auto size = static_cast<std::uint64_t>(vocab_);
  const std::uint64_t likeliest = ((state >> 32) * size) >> 32;
  const std::uint64_t from = likeliest == 0 ? 0 : size - likeliest;
  std::memcpy(row.data(), falling_.data() + from, row.size() * sizeof(float));
}

}  // namespace speclab
