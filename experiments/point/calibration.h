#pragma once

#include <span>
#include <vector>

#include "core/cost/calibrated_cost.h"
#include "core/results/recorder.h"
#include "experiments/point/model_cache.h"
#include "experiments/point/pass_timing.h"
#include "experiments/point/workload.h"

namespace speclab {

// The texts over which a workload's passes are timed: as many as run at once, half way through their growth.
struct TimedTexts {
  explicit TimedTexts(const Workload& workload);
  int sequences = 1;
  int length = 0;  // of each; its last token is not cached
};

// Fills empty prices with what passes of these models take. Of a model that another point of the cache timed
// over such texts, what was found then.
void calibrate(CalibratedCost& prices, std::span<const TimedModel> models, const TimedTexts& texts,
               ModelCache& cache, Clock& clock);

std::vector<TimedPassRecord> timed_passes(const CalibratedCost& prices, const TimedTexts& texts);

// "passes of 1 to 64 tokens timed on ...", for a target with so many positions (0: no limit).
std::string describe_calibration(const TimedTexts& texts, int max_positions, const Provenance& measured);

}  // namespace speclab
