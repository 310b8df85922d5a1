#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/token_tree.h"

namespace speclab {

// What followed the same few texts, again and again: the joint distribution of prefixes, by the chain rule
// as one multinomial per text. Of each the likeliest tokens are counted one by one, the others together.
class PrefixTable {
 public:
  // `context` names the text before `token`, whose distribution is p (vocab).
  void add(std::uint64_t context, std::span<const double> p, Token token);

  struct Fit {
    double statistic = 0;  // Pearson's, added up over texts: its mean is the degrees of freedom exactly
    int degrees = 0;       // 0: no text came often enough
    std::int64_t tokens = 0;
  };
  // Cells of which fewer than 10 are expected are pooled within their context.
  Fit fit() const;

 private:
  static constexpr std::size_t kCells = 15;
  struct Context {
    std::vector<Token> tokens;          // likeliest first, at most kCells
    std::vector<double> probabilities;  // of these
    std::vector<std::int64_t> counts;   // of these, then of all others
    std::int64_t visits = 0;
  };
  std::unordered_map<std::uint64_t, Context> contexts_;
};

}  // namespace speclab
