#pragma once

#include <memory>

#include "kernels/cpu/llama_weights.h"

namespace speclab {

// What heads are checked against and take from the target that they sit on.
struct HeadTarget {
  HeadTarget(const LlamaWeights& target)
      : config(target.config),
        dtype(target.dtype),
        embedding(target.embedding),
        head(target.head),
        owner(target.owner) {}
  // Of a target whose matrices lie elsewhere, as on a device: whoever loads heads for it looks there where
  // they are null.
  HeadTarget(const LlamaConfig& target, Dtype type) : config(target), dtype(type) {}

  LlamaConfig config;
  Dtype dtype;                           // of embedding and head
  const std::byte* embedding = nullptr;  // (vocab, hidden)
  const std::byte* head = nullptr;       // (vocab, hidden)
  std::shared_ptr<const void> owner;     // of what they look at
};

}  // namespace speclab
