#include "strategies/drafters/cascade.h"

#include <algorithm>
#include <limits>

#include "strategies/drafters/useful_depth.h"

namespace speclab {

CascadeDrafter::CascadeDrafter(LanguageModel& model, std::unique_ptr<Drafter> inner,
                               std::unique_ptr<AcceptanceRule> rule, Distributions& distributions, int length)
    : model_(model),
      distributions_(distributions),
      tap_(*this, std::move(inner)),
      rule_(std::move(rule)),
      decoder_(model_, tap_, *rule_),
      length_(length) {}

DraftTraits CascadeDrafter::traits() const {
  const bool exact = rule_->lossless({.temperature = 1, .top_k = 0, .top_p = 1});
  return {.draws = {exact ? Draw::independent : Draw::fixed}};
}

void CascadeDrafter::open(const Sequence& sequence, const Forward&) {
  Shadow& shadow = shadows_[sequence.id];
  shadow.sequence = sequence;
  shadow.sequence.end_tokens.clear();  // it writes on: how many are drafted must not depend on what they are
  shadow.sequence.max_new_tokens = std::numeric_limits<int>::max() / 2;
  shadow.sequence.judge_chance = sequence.draft_chance;
  decoder_.admit(shadow.sequence);
}

void CascadeDrafter::close(const Sequence& sequence) {
  decoder_.retire(shadows_.at(sequence.id).sequence);
  shadows_.erase(sequence.id);
}

// A cascade in a cascade: the texts are compared when the next draft is asked for.
void CascadeDrafter::truncate(const Sequence&, int) {}

void CascadeDrafter::follow(const Sequence& sequence, Shadow& shadow) {
  shadow.scores.clear();
  std::vector<Token>& text = shadow.sequence.text;
  const auto differ = std::ranges::mismatch(text, sequence.text);
  const int common = static_cast<int>(differ.in1 - text.begin());
  text = sequence.text;
  // The last token is the next root, which no model may have seen.
  const int known = std::min(common, static_cast<int>(text.size()) - 1);
  if (model_.length(sequence.id) > known) {
    const Truncation rewound{sequence.id, known};
    model_.truncate({&rewound, 1});
  }
  tap_.truncate(shadow.sequence, known);
}

void CascadeDrafter::draft(Batch batch, std::span<Draft> drafts) {
  distributions_.forget();
  const auto wanted = [&](const Sequence& s) { return std::min(length_, useful_depth(s)); };
  running_.clear();
  for (const Sequence* sequence : batch) {
    Shadow& shadow = shadows_.at(sequence->id);
    follow(*sequence, shadow);
    shadow.sequence.max_new_tokens = shadow.sequence.new_tokens() + wanted(*sequence);
    if (!shadow.sequence.finished()) running_.push_back(&shadow.sequence);
  }
  while (!running_.empty()) {
    decoder_.step(running_);
    std::erase_if(running_, [](const Sequence* shadow) { return shadow->finished(); });
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Shadow& shadow = shadows_.at(batch[i]->id);
    drafts[i].set_draw(drawn(batch[i]->sampling) ? Draw::independent : Draw::fixed);
    int node = 0;
    for (int k = 0; k < wanted(*batch[i]); ++k) {
      if (!shadow.scores.empty()) drafts[i].set_scores(node, shadow.scores[k]);
      const std::size_t at = batch[i]->text.size() + static_cast<std::size_t>(k);
      node = drafts[i].add(node, shadow.sequence.text[at]);
    }
  }
}

void CascadeDrafter::take_scores(const Outcome& outcome) {
  for (std::size_t i = 0; i < outcome.batch.size(); ++i) {
    const Sequence& sequence = *outcome.batch[i];
    if (!drawn(sequence.sampling)) continue;
    questions_.clear();
    questions_.push_back({outcome.target.logits[outcome.row(i, 0)], sequence.sampling});
    for (const int node : outcome.verdicts[i].path) {
      questions_.push_back({outcome.target.logits[outcome.row(i, node)], sequence.sampling});
    }
    distributions_.probabilities(questions_, shadows_.at(sequence.id).scores);
  }
}

}  // namespace speclab
