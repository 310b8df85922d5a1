#include "kernels/cuda/verdict_walk.h"

namespace speclab {
namespace {

// One node's p and q. As strategies/rules/kseq.cpp.
struct OneProposal {
  double* p;
  const double* q;
  int cols, siblings;
  double* shared;

  __device__ double common(int i, double per_rho) const {
    const double share = p[i] * per_rho;
    return q[i] < share ? q[i] : share;
  }
  __device__ double beta(double rho) const {
    const double per_rho = 1 / rho;
    return ordered_row_sum(cols, shared, [&](int i) { return common(i, per_rho); });
  }
  __device__ double gain(double beta) const {
    double sum = 0, rejected = 1;
    for (int i = 0; i < siblings; ++i, rejected *= 1 - beta) sum += rejected;
    return sum;
  }
  __device__ double solve_rho() const {
    constexpr double kPrecision = 1e-10;
    double low = 1, high = siblings;
    while (high - low > kPrecision * high) {
      const double rho = (low + high) / 2;
      (gain(beta(rho)) > rho ? low : high) = rho;
    }
    return high;
  }
  __device__ double leave_residual(double rho) const {
    const double emitted = gain(beta(rho)), per_rho = 1 / rho;
    for (int i = static_cast<int>(threadIdx.x); i < cols; i += kRowThreads) {
      const double left = p[i] - common(i, per_rho) * emitted;
      p[i] = left > 0 ? left : 0.0;
    }
    return ordered_row_sum(cols, shared, [&](int i) { return p[i]; });
  }
};

// The candidate that is accepted; -1 where none is.
__device__ int accepted(VerdictWalk& walk, int node) {
  const int first = walk.nodes[node].first;
  if (first < 0) return -1;
  int siblings = 0, last = first;
  for (int child = first; child >= 0; child = walk.nodes[child].next) {
    ++siblings;
    last = child;
  }
  const OneProposal one{walk.nodes[node].p, walk.nodes[first].q, walk.task.cols, siblings, walk.shared};
  const double rho = one.solve_rho();
  for (int child = first; child >= 0; child = walk.nodes[child].next) {
    const double odds = walk.odds(child);
    if (walk.failed()) return -1;
    if (walk.decisions.bernoulli(odds / rho)) return child;
  }
  return one.leave_residual(rho) <= 0 ? last : -1;  // rejecting it was impossible, up to rounding
}

__global__ void __launch_bounds__(kRowThreads) kseq_kernel(TreeVerdicts task) {
  VerdictWalk walk(task);
  walk_down(walk, [&](int node) { return accepted(walk, node); });
  walk.report();
}

}  // namespace

void kseq_verdicts(const TreeVerdicts& task, Stream& stream) {
  launch_verdicts("kseq_verdicts", kseq_kernel, task, stream);
}

}  // namespace speclab
