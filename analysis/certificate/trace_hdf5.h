#pragma once

#include <filesystem>

#include "analysis/certificate/trace_record.h"
#include "core/results/hdf5_reader.h"

namespace speclab {

// Gives the records of an HDF5 trace to `sink`, reading its datasets 4 MB of each at a time.
void read_hdf5_trace(const std::filesystem::path& file, const TraceSink& sink);
void read_hdf5_trace(const Hdf5Reader& file, const TraceSink& sink);

}  // namespace speclab
