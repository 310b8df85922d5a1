#include "kernels/cuda/draft_nodes.h"

#include "core/check.h"

namespace speclab {

void DraftNodes::number(Batch batch, std::span<const Draft> drafts, const Forward& target) {
  SPECLAB_CHECK(target.logits.place == Place::device, "a rule on a device was given rows on the host");
  trees_.clear();
  nodes_.clear();
  numbers_.clear();
  first_.clear();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Draft& draft = drafts[i];
    Tree& tree = trees_.emplace_back(Tree{batch[i], &draft, target.first[i], size()});
    first_.push_back(static_cast<int>(numbers_.size()));
    for (int node = 0; node < draft.size(); ++node) {
      numbers_.push_back(draft.probe(node) ? TokenTree::kNone : size());
      if (!draft.probe(node)) nodes_.push_back(node);
    }
    tree.size = size() - tree.begin;
  }
}

int DraftNodes::number(const Tree& tree, int node) const {
  if (node == TokenTree::kNone) return TokenTree::kNone;
  const auto at = static_cast<std::size_t>(&tree - trees_.data());
  return numbers_[first_[at] + node];
}

}  // namespace speclab
