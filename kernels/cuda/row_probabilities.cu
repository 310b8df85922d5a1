#include "core/numerics/exp_nonpositive.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_order.h"
#include "kernels/cuda/row_probabilities.h"
#include "kernels/cuda/shared_memory.h"
#include "kernels/cuda/warp.h"

// Compiled without contraction, as the host's code: see CMakeLists.txt.

namespace speclab {
namespace {

constexpr int kRowWarps = kRowThreads / kWarp;
constexpr int kBuckets = 512;  // of probabilities: eight an octave, 64 octaves
constexpr int kSortedInShared = 1024;
constexpr double kMargin = 1e-9;  // far above the rounding of any order of summation

struct RowMemory {
  double sums[kRowThreads];
  std::uint64_t keys[kRowWarps];
  int counts[kRowWarps];
  SelectMemory select;
  double masses[kBuckets];
  int found, last_bucket;
  Candidate last;
  Candidate sorted[kSortedInShared];
};

__device__ bool likelier(const Candidate& a, const Candidate& b) {
  return a.probability != b.probability ? a.probability > b.probability : a.index < b.index;
}

// Greater probabilities have smaller buckets.
__device__ int bucket_of(double probability) {
  std::uint64_t bits = 0;
  memcpy(&bits, &probability, sizeof bits);
  const std::uint64_t below_one = (std::uint64_t{1023} << 3 | 7) - (bits >> 49);
  return below_one < kBuckets ? static_cast<int>(below_one) : kBuckets - 1;
}

__device__ void scale(double* row, int cols, double factor) {
  for (int i = static_cast<int>(threadIdx.x); i < cols; i += kRowThreads) row[i] *= factor;
  __syncthreads();
}

// Zeroes what lies beyond the fewest likeliest tokens whose probabilities, added in that order, reach top_p.
__device__ void keep_nucleus(double* row, int cols, double top_p, Candidate* scratch, RowMemory& memory) {
  const int thread = static_cast<int>(threadIdx.x);
  for (int i = thread; i < kBuckets; i += kRowThreads) memory.masses[i] = 0;
  __syncthreads();
  for (int i = thread; i < cols; i += kRowThreads) {
    if (row[i] > 0) atomicAdd(&memory.masses[bucket_of(row[i])], row[i]);
  }
  __syncthreads();
  if (thread == 0) {
    double mass = 0;
    int bucket = 0;
    while (bucket < kBuckets - 1 && (mass += memory.masses[bucket]) < top_p + kMargin) ++bucket;
    memory.last_bucket = bucket;
    memory.found = 0;
  }
  __syncthreads();
  // The nucleus and some more, in any order; it is sorted in shared memory where it fits.
  for (int i = thread; i < cols; i += kRowThreads) {
    if (row[i] > 0 && bucket_of(row[i]) <= memory.last_bucket)
      scratch[atomicAdd(&memory.found, 1)] = {row[i], i};
  }
  __syncthreads();
  const int found = memory.found, padded = power_of_two_above(found);
  Candidate* sorted = padded <= kSortedInShared ? memory.sorted : scratch;
  for (int i = thread; i < padded; i += kRowThreads) sorted[i] = i < found ? scratch[i] : Candidate{-1, i};
  __syncthreads();
  block_sort(sorted, padded, likelier);
  if (thread == 0) {
    double reached = 0;
    int kept = 0;
    while (kept < found && reached < top_p) reached += sorted[kept++].probability;
    memory.last = kept > 0 ? sorted[kept - 1] : Candidate{2, -1};
  }
  __syncthreads();
  for (int i = thread; i < cols; i += kRowThreads) {
    if (likelier(memory.last, {row[i], i})) row[i] = 0;
  }
  __syncthreads();
}

__global__ void __launch_bounds__(kRowThreads) probabilities_kernel(RowProbabilities task) {
  const RowSoftmax question = task.rows[blockIdx.x];
  RowMemory& memory = shared_as<RowMemory>();
  const int thread = static_cast<int>(threadIdx.x), cols = task.cols;
  const float* logits = question.logits;
  double* row = question.probabilities;
  const auto key = [&](int i) { return likelihood_key(logits[i], i); };

  std::uint64_t best_key = 0;
  int nan = 0;
  for (int i = thread; i < cols; i += kRowThreads) {
    best_key = Largest{}(best_key, key(i));
    nan += logits[i] == logits[i] ? 0 : 1;
  }
  best_key = block_reduce(best_key, memory.keys, Largest{});
  nan = block_reduce(nan, memory.counts, Sum{});
  const int best = index_of_key(best_key);
  const double largest = logits[best];
  const bool one_hot = question.temperature == 0;
  const bool wrong = (nan > 0 && !one_hot) || nan == cols || (!one_hot && !isfinite(largest));
  if (thread == 0 && task.wrong) task.wrong[blockIdx.x] = wrong ? 1 : 0;
  if (wrong || one_hot) {
    for (int i = thread; i < cols; i += kRowThreads) row[i] = !wrong && i == best ? 1.0 : 0.0;
    return;
  }

  const bool some = question.top_k > 0 && question.top_k < cols;
  const std::uint64_t bound = some ? bound_of_greatest(cols, question.top_k, memory.select, key) : 0;
  const double per_degree = 1 / question.temperature;
  for (int i = thread; i < cols; i += kRowThreads) {
    row[i] = key(i) >= bound ? exp_nonpositive((logits[i] - largest) * per_degree) : 0.0;
  }
  __syncthreads();
  const auto value = [&](int i) { return row[i]; };
  scale(row, cols, 1 / ordered_row_sum(cols, memory.sums, value));
  if (question.top_p < 1) {
    keep_nucleus(row, cols, question.top_p, task.scratch + blockIdx.x * candidates_per_row(cols), memory);
    scale(row, cols, 1 / ordered_row_sum(cols, memory.sums, value));
  }
}

}  // namespace

void row_probabilities(const RowProbabilities& task, Stream& stream) {
  if (task.count == 0) return;
  launch("row_probabilities", probabilities_kernel, {task.count, kRowThreads, sizeof(RowMemory)}, stream,
         task);
}

}  // namespace speclab
