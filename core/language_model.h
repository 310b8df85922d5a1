#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/rows.h"
#include "core/sequence.h"
#include "core/token_tree.h"
#include "core/work.h"

namespace speclab {

// What the caller reads of a slice.
enum class PassOutput : std::uint8_t {
  nothing,   // the cache is filled
  features,  // hidden rows of every token of the text, where the model offers them; no logits, no nodes
  scores     // logits and hidden rows of the last token of the text, and of each node
};

// One sequence's part of a forward pass: certain text that the model has not seen,
// then nodes of the speculative tree whose root is the last token of that text.
struct SequenceInput {
  SequenceId sequence{};
  std::span<const Token> text = {};
  const TokenTree* tree = nullptr;  // may be null where `nodes` is empty
  std::span<const int> nodes =
      {};  // below the root, not evaluated before; a parent comes before its children
  PassOutput give =
      PassOutput::scores;  // a pass gives either features or scores, and nothing for some slices
};

struct Forward {
  Rows logits;             // slice by slice: the root's row if the slice had text, then a row per node
  Rows hidden;             // what the head scores, of the same rows; no data where the model offers none
  Rows tapped;             // residual stream after the tapped layers, side by side; no data without a tap
  std::vector<int> first;  // slice -> its first row
  Work work;
};

struct Commit {
  SequenceId sequence{};
  std::span<const int> path;  // nodes below the root, nearest first
};

struct Truncation {
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
  virtual int hidden() const { return 0; }  // width of a hidden row; 0 where the model offers none
  // From now on Forward::tapped holds the residual stream after so many layers (1: after the first), taps
  // side by side in this order. ConfigError where the model has no such layer.
  virtual void tap(std::span<const int> layers);
  virtual void open(SequenceId sequence) = 0;
  virtual void close(SequenceId sequence) = 0;
  virtual int length(SequenceId sequence) const = 0;  // certain tokens in the cache

  // May be called again before `keep`: that is how a draft model grows a tree round by round.
  // The result and its rows live until the next call.
  virtual const Forward& forward(std::span<const SequenceInput> batch) = 0;

  // Makes the evaluated part of each path certain and forgets all other nodes. A node that was
  // never evaluated here ends that part: the caller passes it as text next time.
  virtual Work commit(std::span<const Commit> batch) = 0;

  // Forgets certain text beyond a length, and all nodes. The decoder never asks for it; a cascade
  // does, when the outer target rejects text that the inner one had made certain.
  virtual Work truncate(std::span<const Truncation> batch) = 0;
};

}  // namespace speclab
