#pragma once

#include <map>

#include "analysis/certificate/trace_row.h"

namespace speclab {

// What is to be known of a trace's listed target rows together.
class ListedRows {
 public:
  void add(const TraceRow& row, Token emitted);

  std::int64_t count() const { return count_; }
  double mean_rest() const { return count_ == 0 ? 0 : rest_ / static_cast<double>(count_); }

  // Some engines list the k likeliest tokens and the emitted one: then the symbols depend on what is tested
  // and no emitted token is ever among the rest. It shows in that all rows of the largest size, and only
  // they, list one token more, the emitted one, as the least likely.
  bool emitted_token_was_added() const;

 private:
  struct OfSize {
    std::int64_t rows = 0, emitted_min = 0;
  };
  std::map<std::size_t, OfSize> by_size_;
  std::int64_t count_ = 0;
  double rest_ = 0;
};

}  // namespace speclab
