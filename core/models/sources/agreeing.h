#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/models/sources/agreement.h"
#include "core/models/sources/token_source.h"

namespace speclab {

// A draft source that agrees with a target source by chance. Where it agrees its row is the target's own;
// where it does not, the target's likeliest token has changed places with one of lower rank, and so is found
// by a later child or by none. On a target that is certain (Hashed) agreement is acceptance, to the last
// digit.
class Agreeing : public TokenSource {
 public:
  // As in Agreement.
  Agreeing(std::shared_ptr<const TokenSource> target, std::vector<double> acceptance,
           std::vector<double> siblings, std::uint64_t seed);

  int vocab() const override { return vocab_; }
  void logits(const Site& site, std::span<float> row) const override;

 private:
  // The rank that the target's likeliest token gets. It is a hash of the text before: as a text is judged at
  // most once, whatever the trees, the decisions that count are independent.
  int rank(const Site& site) const;

  std::shared_ptr<const TokenSource> target_;
  Agreement agreement_;
  std::uint64_t seed_;
  int vocab_;
};

}  // namespace speclab
