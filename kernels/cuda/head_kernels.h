#pragma once

#include <cstdint>

#include "kernels/cuda/number.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

// What a head on a target's features reads: out(n, :) = [features(n), embedding of tokens(n, 0), ...],
// rounded to T; or, where embeddings come first, [embeddings, features].
template <class T, class E>
struct HeadInput {
  const float* const* features = nullptr;  // (rows), each (width)
  const std::int32_t* tokens = nullptr;    // (rows, tokens_each)
  const E* table = nullptr;                // (vocab, padded8(hidden)), only where there are tokens
  T* out = nullptr;                        // (rows, padded16(width + tokens_each hidden)), zeros beyond
  float* exact = nullptr;                  // (rows, width): the features as they are; may be null
  int rows = 0, width = 0, hidden = 0, tokens_each = 0;
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

}  // namespace speclab
