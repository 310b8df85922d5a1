#pragma once

#include <vector>

#include "analysis/certificate/certificate.h"
#include "experiments/certify/subject.h"

namespace speclab {

// The first place at which the method's greedy text leaves the plain one.
struct Mismatch {
  int prompt = 0;
  int position = 0;  // new tokens before it
  Token plain = 0, method = 0;
  double margin = 0;  // logits: how far the plain token leads, evaluated from the text alone
  double noise = 0;   // logits: how far the tree pass was off that evaluation, at its two likeliest tokens
  // The lead is within what two evaluations of the same text differ by: rounding decides, not the strategy.
  bool tie() const { return margin <= 2 * noise; }
};

struct GreedyResult {
  std::int64_t prompts = 0, tokens = 0;  // of the plain texts
  std::vector<Mismatch> mismatches;      // one at most per prompt
  Decision decision = Decision::lossless;
};

// Decodes fresh sequences of temperature 0 plainly and by the method, and compares token by token. Lossy: a
// mismatch is no tie.
GreedyResult certify_greedy(const Subject& subject, const std::vector<Sequence>& sequences);

}  // namespace speclab
