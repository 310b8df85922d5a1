#include "core/numerics/exp_nonpositive.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_order.h"
#include "kernels/cuda/row_stats.h"
#include "kernels/cuda/shared_memory.h"
#include "kernels/cuda/warp.h"

// Compiled without contraction, as the host's code: see CMakeLists.txt.

namespace speclab {
namespace {

struct FactMemory {
  double sums[kRowThreads];
  std::uint64_t keys[kRowThreads / kWarp];
  int counts[kRowThreads / kWarp];
};

__global__ void __launch_bounds__(kRowThreads) facts_kernel(RowFactsTask task) {
  const FactRow row = task.rows[blockIdx.x];
  FactMemory& memory = shared_as<FactMemory>();
  const int thread = static_cast<int>(threadIdx.x), cols = task.cols;
  const auto key = [&](int i) { return likelihood_key(row.logits[i], i); };

  std::uint64_t best_key = 0;
  for (int i = thread; i < cols; i += kRowThreads) {
    if (row.logits[i] == row.logits[i]) best_key = Largest{}(best_key, key(i));
  }
  best_key = block_reduce(best_key, memory.keys, Largest{});
  RowFact fact;
  if (best_key == 0 || (row.wrong && *row.wrong != 0)) {
    if (thread == 0) task.facts[blockIdx.x] = fact;
    return;
  }
  fact.likeliest = index_of_key(best_key);
  fact.logit = row.logits[fact.likeliest];
  const double* p = row.probabilities;
  if (p) fact.probability = p[fact.likeliest];
  if (row.exp_neg_entropy) {
    const double largest = fact.logit, per_degree = 1 / row.temperature;
    const double mean = row.temperature == 0 ? 0.0 : ordered_row_sum(cols, memory.sums, [&](int i) {
      return p[i] > 0 ? p[i] * ((row.logits[i] - largest) * per_degree) : 0.0;
    });
    fact.exp_neg_entropy = fact.probability * exp_nonpositive(mean);
  }
  if (thread == 0) task.facts[blockIdx.x] = fact;

  const std::int32_t* tokens = task.tokens + row.first;
  TokenFact* facts = task.token_facts + row.first;
  for (int i = thread; i < row.count; i += kRowThreads)
    facts[i] = {p ? p[tokens[i]] : 0.0, row.logits[tokens[i]], 0};
  __syncthreads();
  for (int t = 0; row.ranks && t < row.count; ++t) {
    const std::uint64_t own = key(tokens[t]);
    int ahead = 0;
    for (int i = thread; i < cols; i += kRowThreads) ahead += key(i) > own ? 1 : 0;
    ahead = block_reduce(ahead, memory.counts, Sum{});
    if (thread == 0) facts[t].ahead = ahead;
  }
}

}  // namespace

void row_stats(const RowFactsTask& task, Stream& stream) {
  if (task.count == 0) return;
  launch("row_facts", facts_kernel, {task.count, kRowThreads, sizeof(FactMemory)}, stream, task);
}

}  // namespace speclab
