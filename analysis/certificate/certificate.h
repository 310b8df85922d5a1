#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/certificate/evidence.h"

namespace speclab {

enum class Decision : std::uint8_t { lossless = 0, lossy = 1, undecided = 2 };

struct CertificateOptions {
  double level = 1e-3;     // probability that an honest strategy is called lossy, all tests together
  double distance = 0.05;  // total variation that must not go unnoticed for "lossless"
  double power = 0.99;     // probability with which it would be noticed
};

// One test among all: Holm's step-down procedure (1979) keeps the family-wise level.
struct Judged {
  Finding finding;
  double adjusted =
      1;  // p-value / kSpent times the number of tests that it had to beat, made monotone, at most 1
  bool rejected = false;
};

// The share of the level that the tests spend. Some p-values are large-sample approximations (z, G); what is
// left is for their error, so that the level is a bound and not merely the rate to be expected.
inline constexpr double kSpent = 0.5;

// What the evidence says at a family-wise level.
struct Certificate {
  Decision decision = Decision::undecided;
  CertificateOptions options;
  std::int64_t tokens = 0;
  std::vector<Judged> tests;   // smallest adjusted p-value first
  std::int64_t enough = 0;     // tokens with which options.distance would be detectable
  double detectable = 1;       // distance in 16 bins that one test alone notices with options.power
  DistanceBound distance;      // the larger of those by probability and by draft ratio
  std::string distance_along;  // which
};

// Deterministic in the evidence. `level` is what is left of options.level for this look (sequential use);
// the whole of it for a single one.
Certificate certify(const Evidence& evidence, const CertificateOptions& options, double level);
inline Certificate certify(const Evidence& evidence, const CertificateOptions& options) {
  return certify(evidence, options, options.level);
}

// The part of a level that the look with this number (from 1) may spend: level / (k (k + 1)). The parts of
// all looks add up to the level, so that looking again and again never wrongly rejects more often.
double level_of_look(double level, int look);

// Tests that a certificate holds at most: what `detectable` is computed with.
inline constexpr int kMaxTests = 3 + 2 * Evidence::kPositions + 1 + 5 + 4 + 2;

}  // namespace speclab
