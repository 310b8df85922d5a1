#pragma once

#include <span>

#include "core/language_model.h"

namespace speclab {

// Heads on a target's hidden rows (Medusa, Hydra): head i scores the token that stands i + 2 places after the
// row's own, for the target itself gives the one between.
class DraftHeads {
 public:
  struct Question {
    SequenceId sequence{};
    int head = 0;
    std::span<const Token> after = {};  // the head + 1 tokens after the row's place, for heads that read them
  };

  virtual ~DraftHeads() = default;
  virtual int count() const = 0;
  // How many of them are meant to guess, at most `count`.
  virtual int usual() const { return count(); }
  virtual int vocab() const = 0;
  virtual void open(SequenceId sequence) = 0;
  virtual void close(SequenceId sequence) = 0;
  // Sets the hidden row that later forward() calls read: the target's, at the place before the next tree's
  // root.
  virtual void set_hidden(SequenceId sequence, Row hidden) = 0;
  virtual bool has_hidden(SequenceId sequence) const = 0;

  // A row of logits per question, in their order; they live until the next call. A row depends on its
  // question alone, to the last bit. Work::new_tokens is how often the head was asked that was asked most:
  // the shape that prices a pass holds all the heads that one pass asks.
  virtual const Forward& forward(std::span<const Question> questions) = 0;
};

}  // namespace speclab
