#include "core/decoder.h"

#include <algorithm>
#include <numeric>

#include "core/check.h"

namespace speclab {

void Decoder::admit(const Sequence& sequence) {
  SPECLAB_CHECK(!sequence.text.empty(), "sequence {} has no token to start from",
                static_cast<int>(sequence.id));
  target_.open(sequence.id);
  const SequenceInput prompt{.sequence = sequence.id,
                             .text = std::span(sequence.text).first(sequence.text.size() - 1),
                             .give = drafter_.reads_features() ? PassOutput::features : PassOutput::nothing};
  drafter_.open(sequence, prompt.text.empty() ? Forward{} : target_.forward({&prompt, 1}));
}

void Decoder::retire(const Sequence& sequence) {
  target_.close(sequence.id);
  drafter_.close(sequence);
}

std::span<const StepRow> Decoder::step(Batch batch) {
  const std::span<Draft> drafts = bare_roots(batch);
  drafter_.draft(batch, drafts);
  const Forward& target = target_.forward(unseen(batch, drafts));
  const std::span<Verdict> verdicts = blank_verdicts(batch);
  rule_.judge(batch, drafts, target, verdicts);
  target_.commit(paths(batch, verdicts));
  drafter_.observe({batch, drafts, verdicts, target});
  return extend(batch, drafts, verdicts);
}

std::span<Draft> Decoder::bare_roots(Batch batch) {
  if (drafts_.size() < batch.size()) drafts_.resize(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) drafts_[i].reset(batch[i]->text.back());
  return std::span(drafts_).first(batch.size());
}

std::span<const SequenceInput> Decoder::unseen(Batch batch, std::span<const Draft> drafts) {
  int max = 0;
  for (const Draft& draft : drafts) max = std::max(max, draft.size() - 1);
  if (static_cast<int>(counting_.size()) < max) {
    counting_.resize(static_cast<std::size_t>(max));
    std::iota(counting_.begin(), counting_.end(), 1);
  }
  slices_.clear();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::span<const Token> text = batch[i]->text;
    slices_.push_back(
        {.sequence = batch[i]->id,
         .text = text.subspan(static_cast<std::size_t>(target_.length(batch[i]->id))),
         .tree = &drafts[i].tree(),
         .nodes = std::span<const int>(counting_).first(static_cast<std::size_t>(drafts[i].size() - 1))});
  }
  return slices_;
}

std::span<Verdict> Decoder::blank_verdicts(Batch batch) {
  if (verdicts_.size() < batch.size()) verdicts_.resize(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) verdicts_[i].path.clear();
  return std::span(verdicts_).first(batch.size());
}

std::span<const Commit> Decoder::paths(Batch batch, std::span<const Verdict> verdicts) {
  commits_.clear();
  for (std::size_t i = 0; i < batch.size(); ++i) commits_.push_back({batch[i]->id, verdicts[i].path});
  return commits_;
}

std::span<const StepRow> Decoder::extend(Batch batch, std::span<const Draft> drafts,
                                         std::span<const Verdict> verdicts) {
  rows_.clear();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Sequence& sequence = *batch[i];
    const Draft& draft = drafts[i];
    const int before = sequence.new_tokens();
    for (const int node : verdicts[i].path) {
      if (!sequence.finished()) sequence.text.push_back(draft.tree().token(node));
    }
    if (!sequence.finished()) sequence.text.push_back(verdicts[i].next);
    rows_.push_back({{.proposed = draft.size() - 1 - draft.probes(),
                      .probes = draft.probes(),
                      .accepted = static_cast<std::int64_t>(verdicts[i].path.size()),
                      .emitted = sequence.new_tokens() - before},
                     sequence.id});
  }
  return rows_;
}

}  // namespace speclab
