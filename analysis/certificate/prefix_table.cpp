#include "analysis/certificate/prefix_table.h"

#include <algorithm>
#include <numeric>

namespace speclab {
namespace {

constexpr double kThin = 10;

}  // namespace

void PrefixTable::add(std::uint64_t context, std::span<const double> p, Token token) {
  Context& here = contexts_[context];
  if (here.visits++ == 0) {
    std::vector<Token> order(p.size());
    std::iota(order.begin(), order.end(), 0);
    const std::size_t cells = std::min(kCells, p.size());
    std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(cells),
                              [&](Token a, Token b) {
                                const double pa = p[a];
                                const double pb = p[b];
                                return pa != pb ? pa > pb : a < b;
                              });
    here.tokens.assign(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(cells));
    for (const Token t : here.tokens) here.probabilities.push_back(p[t]);
    here.counts.assign(cells + 1, 0);
  }
  const auto found = std::ranges::find(here.tokens, token);
  ++here.counts[found - here.tokens.begin()];
}

PrefixTable::Fit PrefixTable::fit() const {
  Fit fit;
  std::vector<std::uint64_t> order;  // the sum must not depend on the hash table's order
  for (const auto& [key, context] : contexts_) order.push_back(key);
  std::ranges::sort(order);
  for (const std::uint64_t key : order) {
    const Context& context = contexts_.at(key);
    const auto visits = static_cast<double>(context.visits);
    double statistic = 0, rest = visits;
    std::int64_t counted = 0;
    int cells = 0;
    const auto add = [&](std::int64_t count, double expected) {
      const double off = static_cast<double>(count) - expected;
      statistic += off * off / expected;
      ++cells;
    };
    // Likeliest first: what comes after the first thin cell is thin as well.
    for (std::size_t i = 0; i < context.tokens.size(); ++i) {
      const double expected = visits * context.probabilities[i];
      if (expected < kThin || rest - expected < kThin) break;
      add(context.counts[i], expected);
      counted += context.counts[i];
      rest -= expected;
    }
    if (cells == 0) continue;
    add(context.visits - counted, rest);
    fit.statistic += statistic;
    fit.degrees += cells - 1;
    fit.tokens += context.visits;
  }
  return fit;
}

}  // namespace speclab
