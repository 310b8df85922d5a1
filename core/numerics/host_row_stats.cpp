#include "core/numerics/host_row_stats.h"

#include "core/numerics/softmax.h"

namespace speclab {

void HostRowStats::look(Batch, std::span<const Draft>, const Forward& target) {
  rows_ = target.logits;
  first_ = target.first;
  made_ = -1;
}

Token HostRowStats::likeliest(At at) { return argmax(logits(at)); }

float HostRowStats::logit_of(At at, Token token) { return logits(at)[token]; }

int HostRowStats::rank_of(At at, Token token) {
  const std::span<const float> row = logits(at);
  const float own = logit_of(at, token);
  int ahead = 0;
  for (std::size_t x = 0; x < row.size(); ++x)
    ahead += row[x] > own || (row[x] == own && static_cast<Token>(x) < token) ? 1 : 0;
  return ahead;
}

double HostRowStats::probability_of(At at, Token token) { return probabilities(at)[token]; }

double HostRowStats::exp_neg_entropy_at(At at) {
  return speclab::exp_neg_entropy(logits(at), *asked(at).probabilities, probabilities(at));
}

std::span<const double> HostRowStats::probabilities(At at) {
  if (made_ != row_of(at)) {
    p_.resize(logits(at).size());
    softmax(logits(at), *asked(at).probabilities, p_);
    made_ = row_of(at);
  }
  return p_;
}

}  // namespace speclab
