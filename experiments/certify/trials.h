#pragma once

#include <cstdint>
#include <string>

#include "analysis/certificate/certificate.h"

namespace speclab {

// Certificates of one strategy on small random worlds, one world and one set of streams per seed.
struct TrialOptions {
  CertificateOptions certificate;
  std::int64_t tokens = 100'000;  // of each certificate, at least; the most where it may stop early
  bool until_decided = false;
  std::string control;  // a negative control; empty: speculative sampling as it is
  int seeds = 1000;
  std::uint64_t first_seed = 0;
  int jobs = 1;  // threads; the outcome does not depend on it
};

struct TrialOutcome {
  int seeds = 0, lossy = 0, undecided = 0;
  std::int64_t tokens = 0;   // emitted by all together
  double low = 0, high = 1;  // of the share of lossy verdicts: Clopper and Pearson's interval at 95 %
  std::string world;         // what was decoded, in words
};

// The world: Markov sources of 16 tokens, drawn anew per seed, a quarter of the draft's logits the target's;
// a chain of 3 or, where the bug needs siblings, a tree of widths 8, 2; batches of 4; temperature 1, top_k 8
// where the bug needs one. Throws ConfigError for an unknown control.
TrialOutcome run_trials(const TrialOptions& options);

}  // namespace speclab
