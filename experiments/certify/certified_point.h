#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "core/models/tokenizer/tokenizer.h"
#include "core/results/hdf5.h"
#include "core/results/recorder.h"
#include "experiments/certify/greedy.h"
#include "experiments/certify/small_proof.h"
#include "experiments/certify/statistical.h"

namespace speclab {

using Settings = std::map<std::string, nlohmann::json>;  // by "section.key"

// Everything that was found out about one point.
struct CertifiedPoint {
  Settings settings;      // resolved
  Settings differs = {};  // of them, those that tell it from other points that are certified beside it
  std::string device;     // where its models ran, if not on the processor
  SmallProof small;
  std::optional<StatisticalResult> statistical;  // at a temperature above 0
  std::optional<GreedyResult> greedy;            // at temperature 0
  // Lossy if any part says so; else what the model's own text says, which a proof on small sources cannot
  // replace.
  Decision decision = Decision::undecided;

  std::string title() const;  // the strategy in words, and all of `differs`
};

// Of a point with these resolved settings, whose models run on `device`.
CertifiedPoint certify_point(const Subject& subject, const Settings& settings, const std::string& device,
                             const StatisticalOptions& options);

// One screen: verdict last. `tokenizer` shows tokens of mismatches as text; may be null.
std::string to_text(const CertifiedPoint& point, const Tokenizer* tokenizer);

// Below `group`: settings, decision, statistics, mismatches.
void write_point(Hdf5File& file, const std::string& group, const CertifiedPoint& point);

}  // namespace speclab
