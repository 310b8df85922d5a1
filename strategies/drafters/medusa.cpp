#include "strategies/drafters/medusa.h"

#include "strategies/drafters/useful_depth.h"

namespace speclab {

void MedusaDrafter::begin(Batch batch, std::span<Draft> drafts) {
  HeadsDrafter::begin(batch, drafts);
  questions_.clear();
  first_.clear();
  for (const Sequence* sequence : batch) {
    first_.push_back(static_cast<int>(questions_.size()));
    if (reach(*sequence) == 0 || useful_depth(*sequence) == 0) continue;
    for (int head = 0; head < used(); ++head) questions_.push_back({sequence->id, head, {}});
  }
  if (!questions_.empty()) answers_ = heads().forward(questions_).logits;
}

void MedusaDrafter::evaluate(Batch, std::span<const Draft> drafts, std::span<const Growth> growth,
                             std::vector<Row>& logits) {
  for (const Growth& g : growth) {
    const int head = drafts[g.draft].tree().depth(g.parent);
    logits.push_back(answers_[first_[g.draft] + head]);
  }
}

}  // namespace speclab
