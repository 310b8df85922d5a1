#pragma once

#include <vector>

#include "analysis/certificate/trace_record.h"

namespace speclab {

// Follows a step's emitted tokens through what was drafted. Siblings of the same token are followed
// together: the log does not tell which of them was accepted.
class TraceDrafts {
 public:
  // Throws ConfigError unless `parents` describe a tree whose parents precede their children.
  explicit TraceDrafts(const TraceRecord& record);

  // The drafts at the place reached, in the order in which they were added; empty: there are none.
  const std::vector<Token>& here() const { return here_; }
  // To where `token` leads: no drafts if it was not drafted.
  void follow(Token token);

 private:
  void look_below(const std::vector<std::int64_t>& parents);

  const TraceRecord& record_;
  std::vector<std::int64_t> nodes_;  // the drafts here, by their number in the record
  std::vector<Token> here_;          // their tokens
};

}  // namespace speclab
