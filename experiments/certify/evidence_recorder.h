#pragma once

#include <unordered_map>
#include <vector>

#include "analysis/certificate/evidence.h"
#include "core/row_reader.h"
#include "core/rule_decorator.h"

namespace speclab {

// What a verdict rested on at one emitted token: enough to tell whether another evaluation of the same text
// gives the same row.
struct RowFact {
  double token = 0;      // probability of the emitted token
  double likeliest = 0;  // the largest probability of the row
};

// A rule whose verdicts become evidence. The rule itself does not notice: rows are read where the *tree* says
// they are, whatever the rule looked at.
class EvidenceRecorder : public RuleDecorator {
 public:
  EvidenceRecorder(AcceptanceRule& inner, Evidence& evidence, RowReader& reader)
      : RuleDecorator(inner), evidence_(evidence), reader_(reader) {}

  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) override;

  // Sequences of later rounds are others than those of earlier ones, though their ids come again.
  void begin_round() {
    ++round_;
    facts_.clear();
  }
  // One per emitted token of this round.
  const std::vector<RowFact>& facts(SequenceId sequence) const { return facts_.at(sequence); }

 private:
  // `drawn_from` is what guesses below the path's nodes were drawn from, the root's first; empty where none
  // was.
  Transforms observe(const Sequence& sequence, const Draft& draft, const Rows& logits, int first_row,
                     std::span<const Row> drawn_from, const Verdict& verdict);

  Evidence& evidence_;
  RowReader& reader_;
  std::uint64_t round_ = 0;
  std::unordered_map<SequenceId, std::vector<RowFact>> facts_;
  std::vector<double> p_;
  std::vector<Token> candidates_;
  std::vector<Row> drawn_from_;
  std::vector<Transforms> firsts_;
};

}  // namespace speclab
