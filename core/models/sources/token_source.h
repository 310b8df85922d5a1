#pragma once

#include <cstdint>
#include <span>

#include "core/token_tree.h"

namespace speclab {

// What a synthetic row may depend on.
struct Site {
  Token last = 0;          // the token before the one that the row is about
  std::uint64_t text = 0;  // a hash of all tokens before it
  int depth = 1;  // of the token that the row is about, below the root of the tree; 1 right after the text
};

// A synthetic process: what follows is a pure function of the text before it.
class TokenSource {
 public:
  virtual ~TokenSource() = default;
  virtual int vocab() const = 0;
  virtual void logits(const Site& site, std::span<float> row) const = 0;
};

}  // namespace speclab
