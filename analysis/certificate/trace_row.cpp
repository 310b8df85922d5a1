#include "analysis/certificate/trace_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/errors.h"

namespace speclab {
namespace {

constexpr double kTolerance = 1e-3;
constexpr double kRounding = 1e-6;  // what 1 minus a sum of floats may be below 0

void sort_by_token(TraceRow& row) {
  std::vector<std::size_t> order(row.tokens.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return row.tokens[i]; });
  const TraceRow unsorted = row;
  for (std::size_t i = 0; i < order.size(); ++i) {
    row.tokens[i] = unsorted.tokens[order[i]];
    row.probabilities[i] = unsorted.probabilities[order[i]];
  }
}

}  // namespace

void settle(TraceRow& row, const std::string& where) {
  if (row.listed && row.probabilities.back() < 0 && row.probabilities.back() >= -kRounding) {
    row.probabilities.back() = 0;
  }
  double sum = 0;
  for (std::size_t i = 0; i < row.probabilities.size(); ++i) {
    const double p = row.probabilities[i];
    if (!(p >= 0) || p > 1 + kTolerance) {
      const std::string what = !row.listed              ? fmt::format("token {}", i)
                               : i == row.tokens.size() ? "the rest"
                                                        : fmt::format("token {}", row.tokens[i]);
      throw ConfigError(
          fmt::format("{} gives {} the probability {}; probabilities are between 0 and 1", where, what, p));
    }
    sum += p;
  }
  if (std::abs(sum - 1) > kTolerance) {
    throw ConfigError(fmt::format("{} adds up to {:.6g}; it must add up to 1, within {}{}", where, sum,
                                  kTolerance,
                                  row.listed ? ", with the rest" : " (of top-k rows, log the rest as well)"));
  }
  for (double& p : row.probabilities) p /= sum;
  if (!row.listed) return;
  sort_by_token(row);
  const auto twice = std::ranges::adjacent_find(row.tokens);
  if (twice != row.tokens.end()) {
    throw ConfigError(fmt::format("{} lists token {} twice; each token may stand there once", where, *twice));
  }
}

Token symbol(const TraceRow& row, Token token) {
  if (!row.listed) return token;
  const auto found = std::ranges::lower_bound(row.tokens, token);
  const bool named = found != row.tokens.end() && *found == token;
  return static_cast<Token>((named ? found : row.tokens.end()) - row.tokens.begin());
}

std::vector<double> over_symbols_of(const TraceRow& target, const TraceRow& draft) {
  if (!target.listed && !draft.listed) return draft.probabilities;
  const std::vector<double>& p = target.probabilities;
  std::vector<double> q(p.size(), 0.0);
  if (!draft.listed) {
    double named = 0;
    for (std::size_t i = 0; i < target.tokens.size(); ++i) {
      q[i] = draft.probabilities[target.tokens[i]];
      named += q[i];
    }
    q.back() = std::max(0.0, 1 - named);
    return q;
  }
  std::vector<bool> settled(p.size(), false);
  for (std::size_t i = 0; i < draft.tokens.size(); ++i) {
    const auto at = static_cast<std::size_t>(symbol(target, draft.tokens[i]));
    q[at] += draft.probabilities[i];
    if (!target.listed || at < target.tokens.size()) settled[at] = true;
  }
  double open = 0;
  for (std::size_t i = 0; i < p.size(); ++i) open += settled[i] ? 0 : p[i];
  for (std::size_t i = 0; i < p.size() && open > 0; ++i) {
    if (!settled[i]) q[i] += draft.probabilities.back() * p[i] / open;
  }
  return q;
}

}  // namespace speclab
