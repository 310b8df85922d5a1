#pragma once

#include <cstdint>

#include "kernels/cuda/runtime.h"

namespace speclab {

// A few numbers of each row, one block a row, with the bits of HostRowFacts.

struct FactRow {
  const float* logits = nullptr;          // (cols)
  const double* probabilities = nullptr;  // (cols), what the temperature made of them; may be null
  const int* wrong = nullptr;             // of RowProbabilities; null where probabilities are
  double temperature = 1;
  int first = 0, count = 0;                     // of the tokens that are asked about
  bool ranks = false, exp_neg_entropy = false;  // whether these are; else they are nothing
};
struct RowFact {
  double exp_neg_entropy = 0;   // see RowFacts
  double probability = 0;       // of the likeliest token
  float logit = 0;              // of it
  std::int32_t likeliest = -1;  // -1: the row is wrong, or holds nothing but NaNs; then all else is nothing
};
struct TokenFact {
  double probability = 0;
  float logit = 0;
  std::int32_t ahead = 0;
};

struct RowFactsTask {
  const FactRow* rows = nullptr;         // (count), in device memory
  const std::int32_t* tokens = nullptr;  // of all rows
  RowFact* facts = nullptr;              // (count)
  TokenFact* token_facts = nullptr;      // by token
  int count = 0, cols = 0;
};
void row_stats(const RowFactsTask& task, Stream& stream);

}  // namespace speclab
