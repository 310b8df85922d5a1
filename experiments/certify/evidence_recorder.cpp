#include "experiments/certify/evidence_recorder.h"

#include <algorithm>

#include "core/numerics/softmax.h"
#include "core/random/counter_rng.h"
#include "core/results/recorder.h"

namespace speclab {
namespace {

constexpr int kPrefix = 3;  // tokens of a text whose joint distribution is looked at

// The proposer's row from which the first candidate that was drawn came, if any was.
Row drawn_from(const Draft& draft, int node) {
  for (int c = draft.first_candidate(node); c != TokenTree::kNone; c = draft.next_candidate(c)) {
    if (draft.drawn(c) != Draw::fixed) return draft.scores(node, draft.proposer(c));
  }
  return {};
}

}  // namespace

void EvidenceRecorder::judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
                             std::span<Verdict> verdicts) {
  inner_.judge(batch, drafts, target, verdicts);
  drawn_from_.clear();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    drawn_from_.push_back(drawn_from(drafts[i], 0));
    for (const int node : verdicts[i].path) drawn_from_.push_back(drawn_from(drafts[i], node));
  }
  const Rows logits = reader_.read(target.logits);
  reader_.read(drawn_from_);
  firsts_.clear();
  std::span<const Row> left = drawn_from_;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::size_t nodes = verdicts[i].path.size() + 1;
    firsts_.push_back(observe(*batch[i], drafts[i], logits, target.first[i], left.first(nodes), verdicts[i]));
    left = left.subspan(nodes);
  }
  for (std::size_t i = 0; i + 1 < firsts_.size(); i += 2) evidence_.add_mates(firsts_[i], firsts_[i + 1]);
}

// Tokens that the end of the text or the length limit cuts off are no evidence: nobody sees them.
Transforms EvidenceRecorder::observe(const Sequence& sequence, const Draft& draft, const Rows& logits,
                                     int first_row, std::span<const Row> drawn_from, const Verdict& verdict) {
  Transforms first;
  std::vector<RowFact>& facts = facts_[sequence.id];
  std::vector<Token> text;  // prompt and what was written, as long as that is short
  if (sequence.new_tokens() < kPrefix) text = sequence.text;
  int node = 0;
  for (int position = 1;; ++position) {
    const bool last = static_cast<std::size_t>(position) > verdict.path.size();
    const int child = last ? 0 : verdict.path[position - 1];
    const Token token = last ? verdict.next : draft.tree().token(child);
    const std::span<const float> row = logits[first_row + node].f32();
    p_.resize(row.size());
    softmax(row, sequence.sampling, p_);
    Emission emission{.p = p_, .q = {}, .token = token, .position = position};
    candidates_.clear();
    for (int c = draft.first_candidate(node); c != TokenTree::kNone; c = draft.next_candidate(c)) {
      if (draft.drawn(c) == Draw::fixed) candidates_.push_back(draft.tree().token(c));
    }
    emission.candidates = candidates_;
    emission.q = drawn_from[position - 1].f64();
    emission.sequence = mix64(round_) + static_cast<std::uint64_t>(sequence.id);
    const int written = sequence.new_tokens() + position - 1;
    if (written < kPrefix) emission.context = text_signature(text);
    const Transforms here = evidence_.add(emission);
    if (position == 1) first = here;
    facts.push_back({p_[token], *std::ranges::max_element(p_)});
    const bool end = std::ranges::find(sequence.end_tokens, token) != sequence.end_tokens.end();
    if (last || end || written + 1 >= sequence.max_new_tokens) return first;
    if (written + 1 < kPrefix) text.push_back(token);
    node = child;
  }
}

}  // namespace speclab
