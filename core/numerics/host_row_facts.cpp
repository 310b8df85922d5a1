#include "core/numerics/host_row_facts.h"

#include "core/numerics/softmax.h"

namespace speclab {

void HostRowFacts::look(Batch, std::span<const Draft>, const Forward& target) {
  rows_ = target.logits;
  first_ = target.first;
  made_ = -1;
}

Token HostRowFacts::likeliest(At at) { return argmax(logits(at)); }

float HostRowFacts::logit_of(At at, Token token) { return logits(at)[token]; }

int HostRowFacts::rank_of(At at, Token token) {
  const std::span<const float> row = logits(at);
  const float own = logit_of(at, token);
  int ahead = 0;
  for (std::size_t x = 0; x < row.size(); ++x)
    ahead += row[x] > own || (row[x] == own && static_cast<Token>(x) < token) ? 1 : 0;
  return ahead;
}

double HostRowFacts::probability_of(At at, Token token) { return probabilities(at)[token]; }

double HostRowFacts::certainty_at(At at) {
  return speclab::certainty(logits(at), *asked(at).probabilities, probabilities(at));
}

std::span<const double> HostRowFacts::probabilities(At at) {
  if (made_ != row_of(at)) {
    p_.resize(logits(at).size());
    softmax(logits(at), *asked(at).probabilities, p_);
    made_ = row_of(at);
  }
  return p_;
}

}  // namespace speclab
