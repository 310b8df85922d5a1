#include "kernels/cuda/verdict_walk.h"

namespace speclab {
namespace {

// Those of a node's candidates that wait to be judged, in the order in which they were drawn.
class Waiting {
 public:
  __device__ Waiting(VerdictWalk& walk, int node)
      : walk_(walk), children_(reinterpret_cast<int*>(walk.task.numbers + walk.tree.nodes)) {
    __syncthreads();  // all have left the node before
    for (int child = walk.nodes[node].first; child >= 0; child = walk.nodes[child].next) {
      if (threadIdx.x == 0) children_[end_] = child;
      ++end_;
    }
    __syncthreads();
  }
  __device__ bool empty() const { return begin_ == end_; }
  __device__ int take(const InTurn& turn) {
    int at = begin_;
    const int count = end_ - begin_;
    if (turn.at_random && count > 1) {
      const int any = static_cast<int>(walk_.decisions.uniform() * count);
      at += any < count ? any : count - 1;
    }
    const int child = children_[at];
    __syncthreads();
    if (threadIdx.x == 0) {
      for (; at > begin_; --at) children_[at] = children_[at - 1];
    }
    __syncthreads();
    ++begin_;
    return child;
  }

 private:
  VerdictWalk& walk_;
  int* children_;
  int begin_ = 0, end_ = 0;
};

// The candidate that is accepted; -1 where none is.
__device__ int accepted(VerdictWalk& walk, int node, const InTurn& turn) {
  Waiting waiting(walk, node);
  while (!waiting.empty()) {
    const int child = waiting.take(turn);
    const double odds = walk.odds(child);
    if (walk.failed()) return -1;
    // Where nothing is left rejection was impossible, up to rounding.
    if (walk.decisions.bernoulli(odds / turn.lenience) || walk.reject(child, 1) <= 0) return child;
  }
  return -1;
}

__global__ void __launch_bounds__(kRowThreads) in_turn_kernel(TreeVerdicts task, InTurn turn) {
  VerdictWalk walk(task);
  walk_down(walk, [&](int node) { return accepted(walk, node, turn); });
  walk.report();
}

}  // namespace

void verdicts_in_turn(const TreeVerdicts& task, const InTurn& turn, Stream& stream) {
  launch_verdicts("verdicts_in_turn", in_turn_kernel, task, stream, turn);
}

}  // namespace speclab
