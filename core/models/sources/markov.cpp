#include "core/models/sources/markov.h"

#include <algorithm>

#include "core/check.h"
#include "core/random/counter_rng.h"

namespace speclab {

Markov::Markov(std::vector<std::vector<float>> logits) : logits_(std::move(logits)) {
  for (const auto& row : logits_) {
    SPECLAB_CHECK(row.size() == logits_.size(), "a table of {} rows has one of {}", logits_.size(),
                  row.size());
  }
}

Markov Markov::random(int vocab, double sharpness, std::uint64_t seed) {
  const auto size = static_cast<std::size_t>(vocab);
  std::vector<std::vector<float>> table(size, std::vector<float>(size));
  std::uint64_t counter = mix64(seed + kGolden);
  for (auto& row : table) {
    for (float& logit : row) {
      logit = static_cast<float>(sharpness * (unit_interval(mix64(counter += kGolden)) - 0.5));
    }
  }
  return Markov(std::move(table));
}

Markov Markov::mirrored() const {
  std::vector<std::vector<float>> rows = logits_;
  for (std::vector<float>& row : rows) std::ranges::reverse(row);
  return Markov(std::move(rows));
}

void Markov::logits(const Site& site, std::span<float> row) const {
  std::ranges::copy(logits_[site.last], row.begin());
}

}  // namespace speclab
