#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "analysis/certificate/evidence.h"

namespace speclab {

// What a log of an engine says: one record per decode step of one sequence.
struct TraceOutcome {
  Evidence evidence;
  std::int64_t steps = 0, tokens = 0;    // records, emitted tokens
  std::vector<std::string> undecidable;  // sentences: what no test of this log can decide
};

// Reads JSON Lines or HDF5, told apart by content, as analysis/TRACE.md describes them; neither is ever
// held in memory as a whole. Throws ConfigError "file:line: ..." (HDF5: "file: record N: ...", from 1) at
// the first thing that is wrong. The seed randomises the transforms; it must not be the engine's.
TraceOutcome read_trace(const std::filesystem::path& file, std::uint64_t seed);

}  // namespace speclab
