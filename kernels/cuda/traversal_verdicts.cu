#include "kernels/cuda/verdict_walk.h"

namespace speclab {
namespace {

// As Traversal::remaining.
__device__ double remaining(double alpha, double left) {
  if (left > 0) return left / (left + (1 - alpha));
  return alpha < 1 ? 0 : 1;
}

// The node at which the path ends, found from the leaves on; -1 where the walk has failed. `alphas` keeps, by
// node, the alpha of those between the root and where the walk is.
__device__ int end_of_path(VerdictWalk& walk, double* alphas) {
  if (walk.fails_at(0)) return -1;
  int node = 0, child = walk.nodes[0].first;
  double alpha = 1;
  for (;;) {
    if (child >= 0) {
      if (threadIdx.x == 0) alphas[node] = alpha;
      __syncthreads();
      const double product = alpha * walk.odds(child);
      if (walk.failed() || walk.fails_at(child)) return -1;
      alpha = product < 1 ? product : 1;
      node = child;
      child = walk.nodes[node].first;
      continue;
    }
    if (walk.decisions.bernoulli(alpha)) return node;
    if (node == 0) {
      walk.fails(VerdictFault::root, node);
      return -1;
    }
    const int rejected = node;
    node = walk.nodes[rejected].parent;
    alpha = alphas[node];
    alpha = remaining(alpha, walk.reject(rejected, alpha));
    child = walk.nodes[rejected].next;
  }
}

__global__ void __launch_bounds__(kRowThreads) traversal_kernel(TreeVerdicts task) {
  VerdictWalk walk(task);
  const int end = end_of_path(walk, task.numbers + walk.tree.nodes);
  if (end >= 0) {
    int length = 0;
    for (int node = end; node != 0; node = walk.nodes[node].parent) ++length;
    walk.verdict.length = length;
    if (threadIdx.x == 0) {
      int* path = task.paths + walk.tree.nodes;
      for (int node = end; node != 0; node = walk.nodes[node].parent) path[--length] = node;
    }
    walk.draw_after(end);
  }
  walk.report();
}

}  // namespace

void traversal_verdicts(const TreeVerdicts& task, Stream& stream) {
  launch_verdicts("traversal_verdicts", traversal_kernel, task, stream);
}

}  // namespace speclab
