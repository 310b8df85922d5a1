#include "core/numerics/row_stats.h"

#include "core/check.h"

namespace speclab {

void RowStats::look(Batch batch, std::span<const Draft> drafts, const Forward& target,
                    std::span<const Asked> asked) {
  for (const Asked& about : asked)
    SPECLAB_CHECK(!about.exp_neg_entropy || about.probabilities,
                  "certainty is of probabilities, which are not asked for");
  asked_.assign(asked.begin(), asked.end());
  look(batch, drafts, target);
}

void RowStats::check_token(At at, Token token) {
  SPECLAB_CHECK(asked(at).candidates || token == likeliest(at),
                "candidates of sequence {} were not asked for beforehand", at.sequence);
}

float RowStats::logit(At at, Token token) {
  check_token(at, token);
  return logit_of(at, token);
}

int RowStats::ahead(At at, Token token) {
  SPECLAB_CHECK(asked(at).ranks, "ranks of sequence {} were not asked for beforehand", at.sequence);
  check_token(at, token);
  return rank_of(at, token);
}

double RowStats::probability(At at, Token token) {
  SPECLAB_CHECK(asked(at).probabilities, "probabilities of sequence {} were not asked for beforehand",
                at.sequence);
  check_token(at, token);
  return probability_of(at, token);
}

double RowStats::exp_neg_entropy(At at) {
  SPECLAB_CHECK(asked(at).exp_neg_entropy, "the certainty of sequence {} was not asked for beforehand",
                at.sequence);
  return exp_neg_entropy_at(at);
}

}  // namespace speclab
