#include "core/random/enumeration.h"

#include <algorithm>
#include <numeric>

#include "core/check.h"

namespace speclab {
namespace {

std::size_t next_possible(const std::vector<double>& branches, std::size_t from) {
  while (from < branches.size() && branches[from] <= 0) ++from;
  return from;
}

}  // namespace

std::size_t Enumeration::decide(std::vector<double> branches) {
  if (made_ == decisions_.size()) {
    const std::size_t first = next_possible(branches, 0);
    SPECLAB_CHECK(first < branches.size(), "none of {} branches is possible", branches.size());
    decisions_.push_back({std::move(branches), first});
  } else {
    SPECLAB_CHECK(decisions_[made_].branches == branches, "decision {} is not what it was when replayed",
                  made_);
  }
  const Decision& decision = decisions_[made_++];
  probability_ *= decision.branches[decision.taken];
  return decision.taken;
}

bool Enumeration::bernoulli(double p) {
  SPECLAB_CHECK(p == p, "a probability is not a number");
  if (p <= 0) return false;
  if (p >= 1) return true;
  return decide({p, 1 - p}) == 0;
}

int Enumeration::categorical(std::span<const double> weights) {
  std::vector<double> branches(weights.begin(), weights.end());
  const double total = std::accumulate(branches.begin(), branches.end(), 0.0);
  for (double& branch : branches) branch /= total;
  return static_cast<int>(decide(std::move(branches)));
}

bool Enumeration::advance() {
  SPECLAB_CHECK(made_ == decisions_.size(), "a replayed run made {} of {} decisions", made_,
                decisions_.size());
  while (!decisions_.empty()) {
    Decision& last = decisions_.back();
    last.taken = next_possible(last.branches, last.taken + 1);
    if (last.taken < last.branches.size()) break;
    decisions_.pop_back();
  }
  made_ = 0;
  probability_ = 1;
  if (decisions_.empty()) return false;
  ++outcomes_;
  return true;
}

}  // namespace speclab
