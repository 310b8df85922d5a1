#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/models/sources/token_source.h"

namespace speclab {

// The next token depends on the last one alone, through a table of logits (vocab, vocab):
// every joint probability is known.
class Markov : public TokenSource {
 public:
  explicit Markov(std::vector<std::vector<float>> logits);
  // Logits uniform on [-sharpness / 2, sharpness / 2), a pure function of the seed.
  static Markov random(int vocab, double sharpness, std::uint64_t seed);

  // The same with each row read from its end.
  Markov mirrored() const;

  int vocab() const override { return static_cast<int>(logits_.size()); }
  std::span<const float> row(Token last) const { return logits_[last]; }

  void logits(const Site& site, std::span<float> row) const override;

 private:
  std::vector<std::vector<float>> logits_;
};

}  // namespace speclab
