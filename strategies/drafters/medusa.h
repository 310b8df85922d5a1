#pragma once

#include <vector>

#include "strategies/drafters/heads_drafter.h"

namespace speclab {

// Medusa (Cai et al. 2024, arXiv 2401.10774, section 2.1): head i guesses the token of depth i + 1 from the
// target's last hidden row alone, all in one pass. So all nodes of a depth have the same candidates, the
// head's likeliest, whatever stands above them (section 2.1.2); `topology.kind = "paths"` with
// `medusa_choices` is its tree (section 2.3.3).
class MedusaDrafter : public HeadsDrafter {
 public:
  MedusaDrafter(DraftHeads& heads, int used, Topology& topology, Distributions& distributions)
      : HeadsDrafter(heads, used, topology, distributions, Draw::fixed) {}

 protected:
  void begin(Batch batch, std::span<Draft> drafts) override;
  void evaluate(Batch batch, std::span<const Draft> drafts, std::span<const Growth> growth,
                std::vector<Row>& logits) override;

 private:
  std::vector<DraftHeads::Question> questions_;
  std::vector<int> first_;  // draft -> its first question, head by head
  Rows answers_;
};

}  // namespace speclab
