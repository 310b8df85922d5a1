#pragma once

#include <functional>

#include "analysis/certificate/certificate.h"
#include "experiments/certify/subject.h"

namespace speclab {

struct StatisticalOptions {
  CertificateOptions certificate;
  std::int64_t tokens = 100'000;  // at least so many are emitted; the most, if it may stop early
  bool until_decided = false;     // look at 2,000, 4,000, ... tokens and stop at the first decision
  std::function<void(std::int64_t)> emitted = {};  // is told again and again how many tokens there are
};

// Whether the rows that verdicts rested on, from passes over trees and batches, are those that the target
// gives for the same text alone.
struct RowAgreement {
  std::int64_t rows = 0, differing = 0;
  double largest = 0;  // difference of a probability
};

struct StatisticalResult {
  Evidence evidence;
  Certificate certificate;
  RowAgreement rows;
  int looks = 1;
};

// Decodes the subject's sequences again and again, each round with random streams of its own, and tests what
// was emitted.
StatisticalResult certify_statistically(const Subject& subject, const StatisticalOptions& options);

}  // namespace speclab
