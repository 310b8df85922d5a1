#pragma once

#include <vector>

#include "strategies/drafters/heads_drafter.h"

namespace speclab {

// Hydra (Ankner et al. 2024, arXiv 2402.05109, section 3): Medusa's heads made sequentially dependent. Head i
// reads the last hidden row and the tokens from the root down to the node whose children it guesses, so each
// depth is a pass.
class HydraDrafter : public HeadsDrafter {
 public:
  using HeadsDrafter::HeadsDrafter;

 protected:
  void evaluate(Batch batch, std::span<const Draft> drafts, std::span<const Growth> growth,
                std::vector<Row>& logits) override;

 private:
  std::vector<DraftHeads::Question> questions_;
  std::vector<Token> tokens_;  // of all questions
};

}  // namespace speclab
