#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/token_tree.h"

namespace speclab {

// A distribution as an engine logged it: of the whole vocabulary, or of a few tokens and the remainder.
struct TraceRow {
  bool known = true;    // false: the log has none here
  bool listed = false;  // `tokens` have the probabilities, and one number stands for all others
  std::vector<Token> tokens;
  std::vector<double> probabilities;  // (vocab), or those of `tokens`, then the remainder's
};

// Throws ConfigError "<where> ..." unless the row is a distribution; scales it to a sum of 1 and sorts a
// listed one by token.
void settle(TraceRow& row, const std::string& where);

// The place of a token among row.probabilities. The row is settled; tokens are in the vocabulary.
Token symbol(const TraceRow& row, Token token);

// The draft's distribution over the target's symbols. What a listed draft row leaves open is spread over the
// symbols that it does not name, in proportion to the target: it only orders symbols, and any order that
// does not depend on the token makes a valid test.
std::vector<double> over_symbols_of(const TraceRow& target, const TraceRow& draft);

}  // namespace speclab
