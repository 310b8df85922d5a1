#pragma once

#include <memory>

#include "core/settings/json_settings.h"
#include "kernels/llama/llama_weights.h"

namespace speclab {

// What heads are checked against and take from the target that they sit on.
struct HeadTarget {
  HeadTarget(const LlamaWeights& target, int known_tokens = 0)
      : config(target.config),
        dtype(target.dtype),
        embedding(target.embedding),
        head(target.head),
        owner(target.owner),
        tokens(known_tokens) {}
  // Of a target whose matrices lie elsewhere, as on a device: whoever loads heads for it looks there where
  // they are null.
  HeadTarget(const LlamaConfig& target, Dtype type, int known_tokens = 0)
      : config(target), dtype(type), tokens(known_tokens) {}

  LlamaConfig config;
  Dtype dtype;                           // of embedding and head
  const std::byte* embedding = nullptr;  // (vocab, hidden)
  const std::byte* head = nullptr;       // (vocab, hidden)
  std::shared_ptr<const void> owner;     // of what they look at
  int tokens = 0;                        // of its tokenizer: rows of more are padding; 0: not known
};

// ConfigError, which calls them `what`, where heads with rows of `rows` tokens cannot sit on the target:
// where they have fewer than it, or where they have more than padding explains. Rows beyond the target's are
// left out, so that those tokens are impossible.
void check_vocab(const JsonSettings& settings, int rows, const HeadTarget& target, const char* what);

// Of how many tokens the folder of Medusa's, Hydra's or EAGLE's heads has rows: 'vocab_size' of its
// config.json, or the rows of its outputs; 0: nothing there says it, as where they use the target's, or it
// cannot be read.
int rows_of_heads(const std::filesystem::path& directory);

}  // namespace speclab
