#pragma once

#include <cstdint>

#include "kernels/cuda/runtime.h"

namespace speclab {

// Speculative sampling over whole trees on the device [Leviathan et al. 2023, algorithm 1; for siblings Miao
// et al. 2024, algorithm 2, and Chen et al. 2024, algorithm 2]: one block a tree walks from its root, judges
// candidates in their order and draws the token after the path. Decisions and all sums have the order of the
// host's rules (strategies/rules/speculative_sampling.h), so verdicts are the same. Structs are read from
// device memory.

struct VerdictNode {
  double* p = nullptr;        // (cols), the target's; rejections change it
  std::int32_t token = 0;     // of the node itself
  int first = -1, next = -1;  // its first candidate; the candidate after it. Nodes are numbered within a tree
  // What its proposer drew it from: null is one-hot. `rest` is where that goes without its token if it is
  // rejected and a later sibling was drawn from the rest; else null. It may be `q` itself.
  const double* q = nullptr;
  double* rest = nullptr;
  int drawn_before = -1;  // the sibling whose `rest` is this one's q
};

struct VerdictTree {
  std::uint64_t key = 0, taken = 0;  // the judge's source and its decisions so far
  int nodes = 0;                     // where its nodes begin, and its path
};

enum class VerdictFault : std::int32_t {
  none,
  logits,       // of the last node of the path are wrong; see RowProbabilities
  probability,  // the candidate `next` was drawn where its proposer's probability is zero
  weights       // after the last node of the path no token has a probability
};

struct TreeVerdict {
  std::int32_t next = 0;  // the token after the path
  std::int32_t length = 0;
  std::int32_t decisions = 0;  // that were taken
  VerdictFault fault = VerdictFault::none;
};

struct TreeVerdicts {
  const VerdictTree* trees = nullptr;
  const VerdictNode* nodes = nullptr;
  const int* wrong = nullptr;       // by node: of RowProbabilities
  TreeVerdict* verdicts = nullptr;  // (count)
  int* paths = nullptr;             // by node: a tree's begins where its nodes do
  int count = 0, cols = 0;
};
void tree_verdicts(const TreeVerdicts& task, Stream& stream);

}  // namespace speclab
