#pragma once

#include <cstdint>

#include "kernels/cuda/number.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

// What a head on a target's features reads: out(n, :) = [features(n), embedding of tokens(n, 0), ...],
// rounded to T; or, where embeddings come first, [embeddings, features].
template <class T, class E>
struct HeadInput {
  const float* const* features = nullptr;  // (rows), each (width); null: zeros
  const std::int32_t* tokens = nullptr;    // (rows, token_stride), of which tokens_each are read
  const E* table = nullptr;                // (vocab, padded8(hidden)), only where there are tokens
  T* out = nullptr;                        // (rows, padded16(width + tokens_each hidden)), zeros beyond
  float* exact = nullptr;                  // (rows, width): the features as they are; may be null
  int rows = 0, width = 0, hidden = 0, tokens_each = 0, token_stride = 0;
  bool embeddings_first = false;
};
template <class T, class E>
void head_input(const HeadInput<T, E>& task, Stream& stream);  // both Bf16 or F16

// A residual block's end: out = base + base_bias + silu(y + bias), exact and rounded.
template <class T>
struct HeadBlock {
  const float* y = nullptr;     // (rows, hidden)
  const float* bias = nullptr;  // (hidden), may be null; so may base_bias
  const float* base = nullptr;  // (rows, hidden); may be `out`
  const float* base_bias = nullptr;
  float* out = nullptr;  // (rows, hidden)
  T* rounded = nullptr;  // (rows, padded16(hidden)), zeros beyond
  int rows = 0, hidden = 0;
};
template <class T>
void head_block(const HeadBlock<T>& task, Stream& stream);  // T: Bf16, F16

// out(n, :) += bias.
struct AddBias {
  float* out = nullptr;         // (rows, width)
  const float* bias = nullptr;  // (width)
  int rows = 0, width = 0;
};
void add_bias(const AddBias& task, Stream& stream);

// *to(n) = *from(n), rows of `width` numbers. A null array stands for consecutive rows from the base on; a
// null `to` in the array keeps nothing.
struct MoveRows {
  const float* const* from = nullptr;  // (rows)
  const float* from_base = nullptr;    // (rows, width)
  float* const* to = nullptr;
  float* to_base = nullptr;
  int rows = 0, width = 0;
};
void move_rows(const MoveRows& task, Stream& stream);

// logits(n, token(i)) = known(n, i); minus infinity for all other tokens.
struct SpreadLogits {
  const float* known = nullptr;         // (rows, count)
  const std::int32_t* token = nullptr;  // (count), each another one
  float* logits = nullptr;              // (rows, vocab)
  int rows = 0, count = 0, vocab = 0;
};
void spread_logits(const SpreadLogits& task, Stream& stream);

}  // namespace speclab
