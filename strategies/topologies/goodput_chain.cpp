#include "strategies/topologies/goodput_chain.h"

namespace speclab {

double GoodputChain::expected_tokens(double acceptance, int length) {
  double sum = 1, power = 1;
  for (int k = 0; k < length; ++k) sum += power *= acceptance;
  return sum;
}

int GoodputChain::length(const Sequence& sequence, const AcceptanceRecord& record) const {
  const double acceptance =
      (belief_.acceptance * belief_.weight + record.accepted) / (belief_.weight + record.judged);
  const auto context = static_cast<std::int64_t>(sequence.text.size()) - 1;
  const Seconds draft = prices_.draft(context);
  int best = 0;
  double most_tokens_per_second = 0;
  for (int k = 0; k <= most_; ++k) {
    const double goodput = expected_tokens(acceptance, k) / (prices_.target(k, k, context) + k * draft);
    if (goodput <= most_tokens_per_second) continue;
    most_tokens_per_second = goodput;
    best = k;
  }
  return best;
}

void GoodputChain::learn(AcceptanceRecord& record, int proposed, int accepted) const {
  record.judged = record.judged * belief_.memory + accepted + (accepted < proposed ? 1 : 0);
  record.accepted = record.accepted * belief_.memory + accepted;
}

}  // namespace speclab
