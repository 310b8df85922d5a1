#pragma once

#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_weights.h"
#include "kernels/cuda/shared_memory.h"
#include "kernels/cuda/tree_verdict.h"

namespace speclab {

// What kernels that judge trees have in common. All functions are called by a whole block, whose threads all
// know the same.

// The judge's source: as CounterChance.
struct Decisions {
  std::uint64_t key, taken;
  __device__ double uniform() { return counter_uniform(key, ++taken); }
  __device__ bool bernoulli(double p) { return p > 0 && (p >= 1 || uniform() < p); }
};

struct VerdictWalk {
  const TreeVerdicts& task;
  VerdictTree tree;
  const VerdictNode* nodes;
  double* shared;
  Decisions decisions;
  TreeVerdict verdict;

  __device__ explicit VerdictWalk(const TreeVerdicts& all)
      : task(all),
        tree(all.trees[blockIdx.x]),
        nodes(all.nodes + tree.nodes),
        shared(&shared_as<double>()),
        decisions{tree.key, tree.taken} {}

  __device__ bool fails(VerdictFault fault, int node) {
    verdict.fault = fault;
    verdict.next = node;
    return true;
  }
  __device__ bool failed() const { return verdict.fault != VerdictFault::none; }

  // Whether the node's row cannot be judged.
  __device__ bool fails_at(int node) {
    return task.wrong[tree.nodes + node] != 0 && fails(VerdictFault::logits, node);
  }

  // p(x) / q(x) of a candidate; where q(x) is 0 the walk has failed.
  __device__ double odds(int child) {
    const VerdictNode& candidate = nodes[child];
    const double p = nodes[candidate.parent].p[candidate.token];
    if (!candidate.q) return p;
    const double q = candidate.q[candidate.token];
    if (!(q > 0)) fails(VerdictFault::probability, child);
    return p / q;
  }

  // A candidate was rejected that had been accepted with probability min(1, share * odds): as
  // Residual::reject.
  __device__ double reject(int child, double share) {
    __syncthreads();  // all have read what changes
    const VerdictNode& rejected = nodes[child];
    double* p = nodes[rejected.parent].p;
    if (!rejected.q) {
      const double left = block_take_out(p, p, rejected.token, task.cols, shared);
      if (left <= 0 && threadIdx.x == 0) p[rejected.token] = 1;
      __syncthreads();
      return share * left;
    }
    const double left = block_subtract(p, rejected.q, share, task.cols, shared);
    if (rejected.rest) take_out_of_proposal(child);
    return left;
  }

  // The token after the path, from what is left of a node's p.
  __device__ void draw_after(int node) {
    verdict.next = block_choice(nodes[node].p, task.cols, shared, decisions.uniform());
    if (verdict.next < 0) fails(VerdictFault::weights, node);
  }

  __device__ void append(int child) {
    if (threadIdx.x == 0) task.paths[tree.nodes + verdict.length] = child;
    ++verdict.length;
  }

  __device__ void report() {
    verdict.decisions = static_cast<std::int32_t>(decisions.taken - tree.taken);
    if (threadIdx.x == 0) task.verdicts[blockIdx.x] = verdict;
  }

 private:
  // The distribution that the next sibling was drawn from: uniform over what was not drawn where q is used
  // up.
  __device__ void take_out_of_proposal(int child) {
    const VerdictNode& rejected = nodes[child];
    if (block_take_out(rejected.rest, rejected.q, rejected.token, task.cols, shared) > 0) return;
    int drawn = 0;
    for (int node = child; node >= 0; node = nodes[node].drawn_before) ++drawn;
    const double share = task.cols > drawn ? 1.0 / static_cast<double>(task.cols - drawn) : 0.0;
    for (int i = static_cast<int>(threadIdx.x); i < task.cols; i += kRowThreads) rejected.rest[i] = share;
    __syncthreads();
    if (threadIdx.x == 0) {
      for (int node = child; node >= 0; node = nodes[node].drawn_before) rejected.rest[nodes[node].token] = 0;
    }
    __syncthreads();
  }
};

// From the root down: accepted(node) is the candidate that stays, or -1 for a token instead.
template <class Accepted>
__device__ void walk_down(VerdictWalk& walk, const Accepted& accepted) {
  for (int node = 0; node >= 0 && !walk.fails_at(node);) {
    const int child = accepted(node);
    if (walk.failed()) return;
    if (child < 0) {
      walk.draw_after(node);
    } else {
      walk.append(child);
    }
    node = child;
  }
}

template <class... Parameters, class... Arguments>
void launch_verdicts(LaunchName name, void (*kernel)(TreeVerdicts, Parameters...), const TreeVerdicts& task,
                     Stream& stream, Arguments... arguments) {
  if (task.count == 0) return;
  require(task.cols <= kMaxWeights, name.name, "cols <= 2^18");
  launch(name, kernel, {task.count, kRowThreads, row_weights_bytes(task.cols)}, stream, task, arguments...);
}

}  // namespace speclab
