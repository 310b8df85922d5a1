#include "strategies/drafters/model.h"

#include <algorithm>

#include "core/check.h"

namespace speclab {
void ModelDrafter::open(const Sequence& sequence, const Forward&) {
  model_.open(sequence.id);
  read_prompt(sequence);
}

void ModelDrafter::truncate(const Sequence& text, int common) {
  const Truncation rewound{text.id, std::min(common, model_.length(text.id))};
  model_.truncate({&rewound, 1});
}

void ModelDrafter::read_prompt(const Sequence& sequence) {
  const std::span<const Token> text = std::span(sequence.text).first(sequence.text.size() - 1);
  const SequenceInput prompt{.sequence = sequence.id,
                             .text = text.subspan(static_cast<std::size_t>(model_.length(sequence.id))),
                             .give = PassOutput::nothing};
  if (!prompt.text.empty()) model_.forward({&prompt, 1});
}

void ModelDrafter::learn(const Outcome& outcome) {
  commits_.clear();
  paths_.resize(std::max(paths_.size(), outcome.batch.size()));
  for (std::size_t i = 0; i < outcome.batch.size(); ++i) {
    paths_[i].clear();
    for (const int node : outcome.verdicts[i].path)
      paths_[i].push_back(outcome.drafts[i].original_index(node));
    commits_.push_back({outcome.batch[i]->id, paths_[i]});
  }
  model_.commit(commits_);
}

void ModelDrafter::evaluate(Batch batch, std::span<const Draft> drafts, std::span<const Growth> growth,
                            std::vector<Row>& logits) {
  nodes_.clear();
  slices_.clear();
  nodes_.reserve(growth.size());  // spans into it must stay valid
  for (std::size_t at = 0; at < growth.size();) {
    const int index = growth[at].draft;
    const Sequence& sequence = *batch[index];
    const std::size_t from = nodes_.size();
    for (; at < growth.size() && growth[at].draft == index; ++at) {
      if (growth[at].parent > 0) nodes_.push_back(growth[at].parent);
    }
    const std::span<const Token> text = sequence.text;
    slices_.push_back({.sequence = sequence.id,
                       .text = text.subspan(static_cast<std::size_t>(model_.length(sequence.id))),
                       .tree = &drafts[index].tree(),
                       .nodes = std::span<const int>(nodes_).subspan(from)});
  }
  const Forward& forward = model_.forward(slices_);
  std::size_t at = 0;
  for (std::size_t s = 0; s < slices_.size(); ++s) {
    const int index = growth[at].draft;
    int row = forward.first[s];
    const bool root_row = !slices_[s].text.empty();
    if (growth[at].parent != 0 && root_row) ++row;  // text came, but another node than the root grows
    for (; at < growth.size() && growth[at].draft == index; ++at) {
      SPECLAB_CHECK(growth[at].parent != 0 || root_row, "the root of draft {} grows a second time", index);
      logits.push_back(forward.logits[row++]);
    }
  }
}

}  // namespace speclab
