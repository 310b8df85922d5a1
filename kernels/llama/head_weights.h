#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kernels/llama/head_target.h"
#include "kernels/llama/linear.h"

namespace speclab {

// What Medusa's or Hydra's heads have learnt. A head is residual blocks and an output matrix.
struct HeadWeights {
  struct Block {
    Linear linear;    // y = r(x) + SiLU(linear(x)), where r(x) is x
    Linear residual;  // or this matrix of x, where x is longer than y; no weights without
  };
  struct Head {
    std::vector<Block> blocks;  // one at least
    Linear output;              // without weights: the target's head, which lies elsewhere
  };

  std::vector<Head> heads;           // all that are there
  int usual = 0;                     // how many of them the config names
  int hidden = 0, vocab = 0;         // the target's
  bool reads_tokens = false;         // Hydra: the first block reads the hidden row, then i + 1 embeddings
  Dtype table_dtype = Dtype::f32;    // of the target's embeddings
  const std::byte* table = nullptr;  // (vocab, hidden); null as HeadTarget::embedding
  std::vector<std::string> remarks;  // on how the files were taken, a sentence each
  std::shared_ptr<const void> owners[2];  // of what the views look at
};

// Medusa (Cai et al. 2024): `{i}.{j}.linear`, `{i}.{layers}.weight`, alone or below `medusa_head.` or
// `medusa_heads.`; or vLLM's `blocks.{i}.layers.{j}`, `lm_heads.{i}`, `lm_head`. Without an output matrix
// heads use the target's. ConfigError where the folder cannot be read, belongs to another target, holds fewer
// heads than its config names, heads that lack a part that others have, or keys or tensors that would change
// results and are not read (head_keys.h).
HeadWeights load_medusa(const std::filesystem::path& directory, const HeadTarget& target);

// Hydra (Ankner et al. 2024), heads of kind "mlp": `hydra_mlp.{i}.{j}.linear`,
// `hydra_mlp.{i}.0.res_connection`, `hydra_lm_head.{i}`, where modules may be counted with the dropouts
// between them.
HeadWeights load_hydra(const std::filesystem::path& directory, const HeadTarget& target);

}  // namespace speclab
