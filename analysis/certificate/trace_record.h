#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "analysis/certificate/trace_row.h"

namespace speclab {

// One decode step of one sequence, as it was read: of the right types, otherwise unchecked.
struct TraceRecord {
  static constexpr int kRoot = -1;

  std::string where;     // "file:line" or "file: record N", for messages
  std::string sequence;  // written as in JSON: 7 is not "7"
  std::optional<std::string> prompt;
  std::optional<std::int64_t> step;   // of the batch
  std::optional<std::int64_t> index;  // tokens that the sequence emitted before
  std::vector<std::int64_t> drafted;
  std::vector<std::int64_t> parents;  // (drafted): places in `drafted`, or kRoot
  bool fixed = false;                 // the drafts were chosen without chance
  std::vector<std::int64_t> accepted, emitted;
  std::vector<TraceRow> target, draft;  // a row per emitted token; `draft` may be empty: none is known
};

using TraceSink = std::function<void(TraceRecord&)>;

}  // namespace speclab
