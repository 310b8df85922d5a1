#pragma once

#include <string>
#include <vector>

#include "core/results/hdf5_reader.h"
#include "core/results/run_totals.h"

namespace speclab {

// The runs of a point that was recorded step by step, summed up as the recorder would have summed them.
// Throws Hdf5Error where rows cannot be true.
std::vector<RunTotals> read_steps(const Hdf5Reader& file, const std::string& group, RowCheck& check);

}  // namespace speclab
