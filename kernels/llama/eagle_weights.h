#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "kernels/llama/head_target.h"
#include "kernels/llama/linear.h"
#include "kernels/llama/llama_weights.h"

namespace speclab {

// What an EAGLE head has learnt: one decoder layer, and how it reads another model's features.
struct EagleWeights {
  LlamaConfig config;
  bool third = false;        // EAGLE-3
  Dtype dtype = Dtype::f32;  // of the layer's matrices
  // EAGLE-1 and 2: (hidden, 2 hidden), of a token's embedding and a feature. EAGLE-3: (hidden, taps hidden),
  // of the residual stream after the tapped layers, three as a rule.
  Linear fuse;
  LlamaWeights::Layer layer;      // EAGLE-3: query, key and value read (embedding, state), both normed
  std::vector<float> state_norm;  // EAGLE-3: of the state; the embedding's is layer.input_norm
  std::vector<float> final_norm;  // EAGLE-3: before the output; else empty
  Linear output;                  // (draft vocab, hidden)
  std::vector<Token>
      target_token;       // the target's number of each token of the draft vocabulary; empty: the same
  std::vector<int> taps;  // EAGLE-3: the layers; see eagle_taps.h
  Dtype table_dtype = Dtype::f32;
  const std::byte* table = nullptr;       // (vocab, hidden): the head's own embeddings, or the target's
  int vocab = 0;                          // the target's
  std::shared_ptr<const void> owners[2];  // of what the views look at
};

// A folder as SafeAILab/EAGLE publishes them, or as vLLM, SGLang and their training tools save such heads.
// EAGLE-1 and 2 (Li et al. 2024): `fc`, `layers.0.` without a first norm, perhaps `embed_tokens`. EAGLE-3 (Li
// et al. 2025): `fc`, `midlayer.` (or `layers.0.`), `norm`, `lm_head` (else the target's), `d2t`, perhaps
// `t2d`. All but `lm_head`, `d2t` and `t2d` may stand below `model.`. ConfigError where the folder cannot be
// read, belongs to another target, or holds a key or a tensor that would change results and is not read
// (eagle_keys.h).
EagleWeights load_eagle(const std::filesystem::path& directory, const HeadTarget& target);

}  // namespace speclab
