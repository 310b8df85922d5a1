#pragma once

#include <cstdint>
#include <span>

#include "core/sequence.h"

namespace speclab {

// Where in a run a row is asked for.
struct Site {
  SequenceId sequence{};
  std::int64_t position = 0;  // of the token that the row is about, counted from the start of the text
  int depth = 0;              // of that token below the root of the tree; 1 right after the text
};

// A synthetic process: what follows is a pure function of the text before it, summed up in a state.
class TokenSource {
 public:
  using State = std::uint64_t;

  virtual ~TokenSource() = default;
  virtual int vocab() const = 0;
  virtual State start(SequenceId sequence) const = 0;  // of the empty text
  virtual State advance(State state, Token token) const = 0;
  virtual void logits(State state, const Site& site, std::span<float> row) const = 0;
};

}  // namespace speclab
