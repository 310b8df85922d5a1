#pragma once

#include <cstdint>

#include "kernels/cuda/runtime.h"

namespace speclab {

// Verdicts over whole trees on the device, a block a tree. Decisions and all sums have the order of the
// host's rules, so verdicts are the same to the last bit. Structs are read from device memory.

struct VerdictNode {
  double* p = nullptr;     // (cols), the target's; rejections change it
  std::int32_t token = 0;  // of the node itself
  // The node it is a candidate of; its first candidate; the candidate after it. Nodes are numbered within a
  // tree.
  int parent = -1, first = -1, next = -1;
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
  logits,       // of `next` are wrong; see RowProbabilities
  probability,  // the candidate `next` was drawn where its proposer's probability is zero
  weights,      // after the last node of the path no token has a probability
  root          // was rejected
};

struct TreeVerdict {
  std::int32_t next = 0;  // the token after the path; where there is a fault, a node
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
  double* numbers = nullptr;        // by node: work space
  int count = 0, cols = 0;
};

// Candidates one after another against what is left of p (strategies/rules/sequential_rule.h).
struct InTurn {
  double lenience = 1;     // q is multiplied by it for the comparison
  bool at_random = false;  // the next is any of those that wait (multi_round.h)
};
void verdicts_in_turn(const TreeVerdicts& task, const InTurn& turn, Stream& stream);

// strategies/rules/kseq.h: a node's candidates are independent draws from one q.
void kseq_verdicts(const TreeVerdicts& task, Stream& stream);

// strategies/rules/traversal.h, of which block verification is the case of a chain.
void traversal_verdicts(const TreeVerdicts& task, Stream& stream);

}  // namespace speclab
