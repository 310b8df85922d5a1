#include "analysis/certificate/listed_rows.h"

#include <algorithm>

namespace speclab {
namespace {

constexpr std::int64_t kConvincing = 10;  // rows

}  // namespace

void ListedRows::add(const TraceRow& row, Token emitted) {
  if (!row.listed) return;
  ++count_;
  rest_ += row.probabilities.back();
  OfSize& same = by_size_[row.tokens.size()];
  ++same.rows;
  const auto at = static_cast<std::size_t>(symbol(row, emitted));
  if (at == row.tokens.size()) return;
  const auto min = std::min_element(row.probabilities.begin(), row.probabilities.end() - 1);
  same.emitted_min += row.probabilities[at] == *min ? 1 : 0;
}

bool ListedRows::emitted_token_was_added() const {
  if (by_size_.size() != 2) return false;
  const auto& [smaller, usual] = *by_size_.begin();
  const auto& [larger, longer] = *by_size_.rbegin();
  return larger == smaller + 1 && longer.rows >= kConvincing && longer.emitted_min == longer.rows;
}

}  // namespace speclab
