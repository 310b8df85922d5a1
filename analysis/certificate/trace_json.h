#pragma once

#include <filesystem>

#include "analysis/certificate/trace_record.h"

namespace speclab {

// Gives the records of a JSON Lines trace to `sink`, one line at a time.
void read_json_trace(const std::filesystem::path& file, const TraceSink& sink);

}  // namespace speclab
