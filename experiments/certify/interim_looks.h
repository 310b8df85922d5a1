#pragma once

#include <algorithm>

#include "analysis/certificate/certificate.h"

namespace speclab {

// When to look at the evidence: once it holds so many tokens, or at 2,000, 4,000, 8,000, ... up to them until
// there is a decision. Each look spends its own part of the level.
class InterimLooks {
 public:
  InterimLooks(std::int64_t tokens, bool until_decided)
      : max_(tokens),
        until_decided_(until_decided),
        wanted_(until_decided ? std::min(kFirst, tokens) : tokens) {}

  bool due(std::int64_t tokens) const { return tokens >= wanted_; }
  Certificate take(const Evidence& evidence, const CertificateOptions& options) {
    ++taken_;
    seen_ = evidence.tokens();
    while (wanted_ <= seen_ && wanted_ < max_) wanted_ = std::min(2 * wanted_, max_);
    return certify(evidence, options, until_decided_ ? level_of_look(options.level, taken_) : options.level);
  }
  // Whether this was the last look.
  bool last(const Certificate& certificate) const {
    return !until_decided_ || certificate.decision != Decision::undecided || seen_ >= max_;
  }
  int taken() const { return taken_; }

 private:
  static constexpr std::int64_t kFirst = 2000;
  std::int64_t max_;
  bool until_decided_;
  std::int64_t wanted_, seen_ = 0;
  int taken_ = 0;
};

}  // namespace speclab
