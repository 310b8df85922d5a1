#pragma once

#include <span>
#include <vector>

#include "core/random_source.h"
#include "core/rows.h"
#include "core/sequence.h"

namespace speclab {

// What a drafter asks of rows, wherever they lie. Questions come for many rows at once, so that a
// device answers in one launch and only tokens travel, not rows as wide as the vocabulary.
class Distributions {
 public:
  struct Softmax {
    Row logits;
    Sampling sampling;
  };
  struct Pick {
    Row logits;
    int count = 0;
  };
  struct Entry {
    Row probabilities;
    Token token = 0;
  };
  struct Draws {
    Row probabilities;
    int count = 0;
    bool put_back = false;
    RandomSource* chance = nullptr;
  };

  virtual ~Distributions() = default;
  virtual Place place() const = 0;

  // Ends the life of all rows given out so far.
  virtual void forget() = 0;
  // One row of probabilities per question, settings applied, appended to `answers`.
  virtual void probabilities(std::span<const Softmax> questions, std::vector<Row>& answers) = 0;
  // The likeliest tokens of each row, likeliest first, ties by index; exactly `count` each (<= cols),
  // appended.
  virtual void likeliest(std::span<const Pick> questions, std::vector<Token>& answers) = 0;
  // The probability of each entry's token, appended.
  virtual void gather(std::span<const Entry> questions, std::vector<double>& answers) = 0;
  // Draws from each row, appended; `drawn` gets how many each question got: without putting back,
  // a row may hold fewer tokens than were asked for.
  virtual void draw(std::span<const Draws> questions, std::vector<Token>& answers,
                    std::vector<int>& drawn) = 0;
};

}  // namespace speclab
