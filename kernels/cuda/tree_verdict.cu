#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_weights.h"
#include "kernels/cuda/shared_memory.h"
#include "kernels/cuda/tree_verdict.h"

namespace speclab {
namespace {

// The judge's source: as CounterChance.
struct Decisions {
  std::uint64_t key, taken;
  __device__ double uniform() { return counter_uniform(key, ++taken); }
  __device__ bool bernoulli(double p) { return p > 0 && (p >= 1 || uniform() < p); }
};

// The distribution that the next sibling was drawn from: uniform over what was not drawn where q is used up.
__device__ void take_out_of_proposal(const VerdictNode* nodes, int child, int cols, double* shared) {
  const VerdictNode& rejected = nodes[child];
  if (block_take_out(rejected.rest, rejected.q, rejected.token, cols, shared) > 0) return;
  int drawn = 0;
  for (int node = child; node >= 0; node = nodes[node].drawn_before) ++drawn;
  const double share = cols > drawn ? 1.0 / static_cast<double>(cols - drawn) : 0.0;
  for (int i = static_cast<int>(threadIdx.x); i < cols; i += kRowThreads) rejected.rest[i] = share;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int node = child; node >= 0; node = nodes[node].drawn_before) rejected.rest[nodes[node].token] = 0;
  }
  __syncthreads();
}

// Whether nothing was left of p, so that rejection was impossible, up to rounding.
__device__ bool reject(const VerdictNode* nodes, double* p, int child, int cols, double* shared) {
  const VerdictNode& rejected = nodes[child];
  if (!rejected.q) return block_take_out(p, p, rejected.token, cols, shared) <= 0;
  if (block_subtract(p, rejected.q, cols, shared) <= 0) return true;
  if (rejected.rest) take_out_of_proposal(nodes, child, cols, shared);
  return false;
}

__global__ void __launch_bounds__(kRowThreads) verdict_kernel(TreeVerdicts task) {
  const VerdictTree tree = task.trees[blockIdx.x];
  const VerdictNode* nodes = task.nodes + tree.nodes;
  double* shared = &shared_as<double>();
  Decisions decisions{tree.key, tree.taken};
  TreeVerdict verdict;
  for (int node = 0; node >= 0;) {
    double* p = nodes[node].p;
    if (task.wrong[tree.nodes + node] != 0) {
      verdict.fault = VerdictFault::logits;
      break;
    }
    int child = nodes[node].first;
    for (; child >= 0; child = nodes[child].next) {
      const VerdictNode& candidate = nodes[child];
      double odds = p[candidate.token];
      if (candidate.q) {
        const double drawn_with = candidate.q[candidate.token];
        if (!(drawn_with > 0)) {
          verdict.fault = VerdictFault::probability;
          verdict.next = child;
          break;
        }
        odds /= drawn_with;
      }
      __syncthreads();  // all have read what a rejection changes
      if (decisions.bernoulli(odds) || reject(nodes, p, child, task.cols, shared)) break;
    }
    if (verdict.fault != VerdictFault::none) break;
    if (child < 0) {
      verdict.next = block_choice(p, task.cols, shared, decisions.uniform());
      if (verdict.next < 0) verdict.fault = VerdictFault::weights;
    } else {
      if (threadIdx.x == 0) task.paths[tree.nodes + verdict.length] = child;
      ++verdict.length;
    }
    node = child;
  }
  verdict.decisions = static_cast<std::int32_t>(decisions.taken - tree.taken);
  if (threadIdx.x == 0) task.verdicts[blockIdx.x] = verdict;
}

}  // namespace

void tree_verdicts(const TreeVerdicts& task, Stream& stream) {
  if (task.count == 0) return;
  require(task.cols <= kMostWeights, "tree_verdicts", "cols <= 2^18");
  launch("tree_verdicts", verdict_kernel, {task.count, kRowThreads, row_weights_bytes(task.cols)}, stream,
         task);
}

}  // namespace speclab
