#include "strategies/rules/kseq.h"

#include <algorithm>

#include "core/numerics/ordered_sum.h"

namespace speclab {

Choice KSeq::choose(int node, Residual& residual, RandomSource& chance) {
  const Draft& draft = residual.draft();
  const std::span<double> p = residual.p();
  const int first = draft.first_candidate(node);
  if (first == TokenTree::kNone) return {.instead = static_cast<Token>(chance.categorical(p))};
  int k = 0;
  for (int child = first; child != TokenTree::kNone; child = draft.next_candidate(child)) ++k;
  const std::span<const double> q = residual.q(draft.proposer(first));
  const double rho = solve_rho(p, q, k);
  int last = first;
  for (int child = first; child != TokenTree::kNone; child = draft.next_candidate(child)) {
    last = child;
    if (chance.bernoulli(residual.odds(child, Draw::independent) / rho)) return {.child = child};
  }
  if (leave_residual(p, q, rho, k) <= 0)
    return {.child = last};  // rejecting it was impossible, up to rounding
  return {.instead = static_cast<Token>(chance.categorical(p))};
}

double KSeq::beta(std::span<const double> p, std::span<const double> q, double rho) {
  const double per_rho = 1 / rho;
  return ordered_sum(p.size(), [&](std::size_t x) { return std::min(p[x] * per_rho, q[x]); });
}

double KSeq::gain(double beta, int k) {
  double sum = 0, rejected = 1;
  for (int i = 0; i < k; ++i, rejected *= 1 - beta) sum += rejected;
  return sum;
}

// 1 - (1 - beta)^k = rho beta, whose left side falls and whose right side rises with rho. Any rho from there
// on is lossless; what the bisection leaves costs acceptance alone.
double KSeq::solve_rho(std::span<const double> p, std::span<const double> q, int k) {
  constexpr double kPrecision = 1e-10;
  double low = 1, high = k;
  while (high - low > kPrecision * high) {
    const double rho = (low + high) / 2;
    (gain(beta(p, q, rho), k) > rho ? low : high) = rho;
  }
  return high;
}

double KSeq::leave_residual(std::span<double> p, std::span<const double> q, double rho, int k) const {
  const double emitted = gain(beta(p, q, rho), k), per_rho = 1 / rho;
  for (std::size_t x = 0; x < p.size(); ++x)
    p[x] = std::max(p[x] - std::min(p[x] * per_rho, q[x]) * emitted, 0.0);
  return ordered_sum(p);
}

}  // namespace speclab
