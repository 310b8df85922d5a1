#include "analysis/certificate/trace_drafts.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/errors.h"

namespace speclab {

TraceDrafts::TraceDrafts(const TraceRecord& record) : record_(record) {
  if (record.parents.size() != record.drafted.size()) {
    throw ConfigError(fmt::format("{}: there are {} parents, but {} drafted tokens; each has one parent",
                                  record.where, record.parents.size(), record.drafted.size()));
  }
  for (std::size_t i = 0; i < record.parents.size(); ++i) {
    const std::int64_t parent = record.parents[i];
    if (parent >= TraceRecord::kRoot && parent < static_cast<std::int64_t>(i)) continue;
    throw ConfigError(fmt::format(
        "{}: the drafted token number {} (from 0) has the parent {}; a parent is the number of a drafted "
        "token before it, or {} for the text's last token",
        record.where, i, parent, TraceRecord::kRoot));
  }
  look_below({TraceRecord::kRoot});
}

void TraceDrafts::follow(Token token) {
  std::vector<std::int64_t> reached;
  for (std::size_t i = 0; i < here_.size(); ++i) {
    if (here_[i] == token) reached.push_back(nodes_[i]);
  }
  look_below(reached);
}

void TraceDrafts::look_below(const std::vector<std::int64_t>& parents) {
  nodes_.clear();
  here_.clear();
  for (std::size_t i = 0; i < record_.drafted.size(); ++i) {
    if (std::ranges::find(parents, record_.parents[i]) == parents.end()) continue;
    nodes_.push_back(static_cast<std::int64_t>(i));
    here_.push_back(static_cast<Token>(record_.drafted[i]));
  }
}

}  // namespace speclab
