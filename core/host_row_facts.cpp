#include "core/host_row_facts.h"

#include "core/check.h"
#include "core/softmax.h"

namespace speclab {

void HostRowFacts::look(Batch, std::span<const Draft>, const Forward& target, std::span<const Asked> asked) {
  SPECLAB_CHECK(target.logits.place == Place::host, "facts on the host were asked of rows on a device");
  rows_ = target.logits;
  first_ = target.first;
  asked_.assign(asked.begin(), asked.end());
  made_ = -1;
}

Token HostRowFacts::likeliest(At at) { return argmax(logits(at)); }

float HostRowFacts::logit(At at, Token token) { return logits(at)[static_cast<std::size_t>(token)]; }

int HostRowFacts::ahead(At at, Token token) {
  const std::span<const float> row = logits(at);
  const float own = logit(at, token);
  int ahead = 0;
  for (std::size_t x = 0; x < row.size(); ++x)
    ahead += row[x] > own || (row[x] == own && static_cast<Token>(x) < token) ? 1 : 0;
  return ahead;
}

double HostRowFacts::probability(At at, Token token) {
  return probabilities(at)[static_cast<std::size_t>(token)];
}

double HostRowFacts::certainty(At at) {
  return speclab::certainty(logits(at), *asked_[at.sequence].probabilities, probabilities(at));
}

std::span<const double> HostRowFacts::probabilities(At at) {
  if (made_ != row_of(at)) {
    const std::optional<Sampling>& by = asked_[at.sequence].probabilities;
    SPECLAB_CHECK(by.has_value(), "probabilities of sequence {} were not asked for beforehand", at.sequence);
    p_.resize(logits(at).size());
    softmax(logits(at), *by, p_);
    made_ = row_of(at);
  }
  return p_;
}

}  // namespace speclab
