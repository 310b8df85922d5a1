#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analysis/certificate/certificate.h"
#include "core/sequence.h"
#include "experiments/certify/exact.h"

namespace speclab {

// A point's strategy on small sources, every outcome looked at.
struct SmallProof {
  struct Part {
    std::string scenario;
    ExactResult result;
  };
  std::vector<Part> parts;
  std::string refusal;  // why there is no small instance; then there are no parts
  // Lossless: all outcomes of all parts, and no distance above 1e-12. Lossy: a distance above it, be it of a
  // part that was cut short. Undecided otherwise.
  Decision decision = Decision::undecided;
};

// `settings` are a point's, resolved: drafter, topology and rule are taken from them as they are.
SmallProof prove_small(const std::map<std::string, nlohmann::json>& settings, const Sampling& sampling);

}  // namespace speclab
