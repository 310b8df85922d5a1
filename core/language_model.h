#pragma once

#include <span>
#include <vector>

#include "core/rows.h"
#include "core/sequence.h"
#include "core/token_tree.h"
#include "core/work.h"

namespace speclab {

// One sequence's part of a forward pass: certain text that the model has not seen,
// then nodes of the speculative tree whose root is the last token of that text.
struct Slice {
  SequenceId sequence{};
  std::span<const Token> text = {};
  const TokenTree* tree = nullptr;  // may be null where `nodes` is empty
  std::span<const int> nodes =
      {};            // below the root, not evaluated before; a parent comes before its children
  bool rows = true;  // false: only fill the cache
};

struct Forward {
  Rows logits;             // slice by slice: the root's row if the slice had text, then a row per node
  Rows hidden;             // last-layer features of the same rows; no data where the model offers none
  std::vector<int> first;  // slice -> its first row
  Work work;
};

struct Kept {
  SequenceId sequence{};
  std::span<const int> path;  // nodes below the root, nearest first
};

struct Rewound {
  SequenceId sequence{};
  int length = 0;
};

// A source of next-token scores with a cache per sequence. What the model lacks of a
// sequence is always text.subspan(length(sequence)); callers pass exactly that as Slice::text.
// A node attends to the text and to its ancestors; its position is the root's plus its depth.
// A sequence's rows do not depend, to the last bit, on what else is in the batch, on how its
// text was cut into passes, or on which other nodes its tree has.
class LanguageModel {
 public:
  virtual ~LanguageModel() = default;

  virtual int vocab() const = 0;
  virtual void open(SequenceId sequence) = 0;
  virtual void close(SequenceId sequence) = 0;
  virtual int length(SequenceId sequence) const = 0;  // certain tokens in the cache

  // May be called again before `keep`: that is how a draft model grows a tree round by round.
  // The result and its rows live until the next call.
  virtual const Forward& forward(std::span<const Slice> batch) = 0;

  // Makes the evaluated part of each path certain and forgets all other nodes. A node that was
  // never evaluated here ends that part: the caller passes it as text next time.
  virtual Work keep(std::span<const Kept> batch) = 0;

  // Forgets certain text beyond a length, and all nodes. The decoder never asks for it; a cascade
  // does, when the outer target rejects text that the inner one had made certain.
  virtual Work rewind(std::span<const Rewound> batch) = 0;
};

}  // namespace speclab
