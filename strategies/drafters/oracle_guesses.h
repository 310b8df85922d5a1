#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/models/sources/agreement.h"
#include "core/sequence.h"
#include "strategies/continuations.h"

namespace speclab {

// Guesses that know what the target will write, each right with a given probability.
class OracleGuesses {
 public:
  struct Guess {
    Token token;
    bool right;  // the target will write it here, where it wrote all before it
  };

  // `seed`: of which guesses are wrong, and what they are.
  OracleGuesses(Continuations continuations, Agreement agreement, std::uint64_t seed)
      : continuations_(std::move(continuations)),
        agreement_(std::move(agreement)),
        seed_(mix64(seed + kGolden)) {}

  // What the target will write from here on; empty where the text has left the known one.
  std::span<const Token> ahead(const Sequence& sequence) const;

  // Appends children of a draft's node at `depth`, all different: as many as asked, or as many as the
  // vocabulary has without making one right that was not to be; the token that then is left is the result.
  // `right`: the node is; where it is not, no child is. Which child is right is a hash of its place in the
  // text: a place is judged at most once, so the decisions that count are independent.
  Token guess(const Sequence& sequence, std::span<const Token> ahead, int node, int depth, bool right,
              int children, std::vector<Guess>& guesses) const;

 private:
  Continuations continuations_;
  Agreement agreement_;
  std::uint64_t seed_;
};

}  // namespace speclab
