#include "experiments/certify/statistical.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/numerics/softmax.h"
#include "core/random/counter_rng.h"
#include "experiments/certify/evidence_recorder.h"
#include "experiments/certify/interim_looks.h"

namespace speclab {
namespace {

// The target's rows after each written token, from one pass over the text alone.
void check_rows(LanguageModel& target, RowReader& reader, const Sequence& sequence,
                const std::vector<RowFact>& facts, RowAgreement& check) {
  const std::span<const Token> text = sequence.text;
  const auto prompt = static_cast<std::size_t>(sequence.prompt_length);
  if (facts.empty()) return;
  TokenTree tree(text[prompt - 1]);
  std::vector<int> nodes(facts.size() - 1);
  std::iota(nodes.begin(), nodes.end(), 1);
  for (std::size_t i = 0; i + 1 < facts.size(); ++i) tree.add(static_cast<int>(i), text[prompt + i]);
  target.open(sequence.id);
  const SequenceInput slice{
      .sequence = sequence.id, .text = text.first(prompt), .tree = &tree, .nodes = nodes};
  const Rows rows = reader.read(target.forward({&slice, 1}).logits);
  std::vector<double> p(static_cast<std::size_t>(target.vocab()));
  for (std::size_t i = 0; i < facts.size(); ++i) {
    softmax(rows[static_cast<int>(i)].f32(), sequence.sampling, p);
    const double off = std::max(std::abs(p[text[prompt + i]] - facts[i].token),
                                std::abs(*std::ranges::max_element(p) - facts[i].likeliest));
    ++check.rows;
    if (off != 0) ++check.differing;
    check.largest = std::max(check.largest, off);
  }
  target.close(sequence.id);
}

}  // namespace

StatisticalResult certify_statistically(const Subject& subject, const StatisticalOptions& options) {
  const std::uint64_t seed = subject.seed;
  StatisticalResult result{.evidence = Evidence(mix64(seed ^ kGolden)), .certificate = {}, .rows = {}};
  EvidenceRecorder witness(subject.rule, result.evidence, subject.reader);
  InterimLooks looks(options.tokens, options.until_decided);
  for (std::uint64_t round = 0;; ++round) {
    std::vector<Sequence> sequences = subject.sequences(mix64(seed + kGolden * round));
    witness.begin_round();
    subject.by_method(sequences, witness);
    for (const Sequence& sequence : sequences) {
      check_rows(subject.target, subject.reader, sequence, witness.facts(sequence.id), result.rows);
    }
    if (options.emitted) options.emitted(result.evidence.tokens());
    if (!looks.due(result.evidence.tokens())) continue;
    result.certificate = looks.take(result.evidence, options.certificate);
    result.looks = looks.taken();
    if (looks.last(result.certificate)) return result;
  }
}

}  // namespace speclab
