#pragma once

#include <string>
#include <vector>

#include "core/results/hdf5.h"
#include "experiments/certify/trials.h"

namespace speclab {

struct Trials {
  TrialOptions options;
  TrialOutcome outcome;
};

// How often each strategy was called lossy, with what it is; counts stand beside their share.
std::string to_text(const std::vector<Trials>& all);
void write_trials(Hdf5File& file, const std::string& dataset, const std::vector<Trials>& all);

}  // namespace speclab
