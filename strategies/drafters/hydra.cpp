#include "strategies/drafters/hydra.h"

namespace speclab {

void HydraDrafter::evaluate(Batch batch, std::span<const Draft> drafts, std::span<const Growth> growth,
                            std::vector<Row>& logits) {
  questions_.clear();
  tokens_.clear();
  for (const Growth& g : growth) {
    const TokenTree& tree = drafts[g.draft].tree();
    tokens_.push_back(tree.token(0));
    for (const int node : tree.path(g.parent)) tokens_.push_back(tree.token(node));
    questions_.push_back({batch[g.draft]->id, tree.depth(g.parent), {}});
  }
  std::span<const Token> rest = tokens_;
  for (DraftHeads::Question& question : questions_) {
    question.after = rest.first(static_cast<std::size_t>(question.head) + 1);
    rest = rest.subspan(question.after.size());
  }
  const Rows answers = heads().forward(questions_).logits;
  for (int i = 0; i < answers.count; ++i) logits.push_back(answers[i]);
}

}  // namespace speclab
