#pragma once

#include <cstdint>
#include <vector>

#include "core/models/sources/token_source.h"

namespace speclab {

// Text that is certain but looks like noise: the next token is a hash of all before it. Logits fall by
// kGap from each rank to the next, so that rank order is known and the first rank has all probability.
class Hashed : public TokenSource {
 public:
  static constexpr float kGap = 64;

  Hashed(int vocab, std::uint64_t seed);

  int vocab() const override { return vocab_; }
  void logits(const Site& site, std::span<float> row) const override;

 private:
  int vocab_;
  std::uint64_t seed_;
  std::vector<float> falling_;  // 0, -kGap, ... and once more: every rotation of a row is a stretch of it
};

}  // namespace speclab
