#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/cpu/aligned_buffer.h"
#include "kernels/cpu/arithmetic.h"
#include "kernels/cpu/kv_cache.h"
#include "kernels/cpu/thread_team.h"
#include "kernels/llama/llama_weights.h"
#include "kernels/llama/pass_plan.h"
#include "kernels/llama/rope_table.h"

namespace speclab {

// The arithmetic of decoder layers, on a team of threads. Each thread computes a fixed range of every
// matrix's outputs for all rows, so that weights are read once. Who uses it lays the first layer's rows.
class LayerPass {
 public:
  static constexpr int kMaxRows = 64;  // of one pass; longer lists are cut by the caller

  // Matrices are of this type.
  LayerPass(const LlamaConfig& config, Dtype dtype, const Arithmetic& arithmetic, ThreadTeam& team);

  // `caches` by slice. All live until the next call.
  void begin(std::span<const PassRow> rows, std::span<const int> paths, std::span<KvCache* const> caches);
  int stride() const { return hidden_stride_; }
  float* residual(int row) { return residual_.data() + at(row, hidden_stride_); }  // (hidden_stride)
  const float* residual(int row) const { return residual_.data() + at(row, hidden_stride_); }

  // What follows is called by every thread, within one job of the team.

  // A panel of rows, as they enter a matrix.
  struct Input {
    const void* panel = nullptr;
    std::size_t stride = 0;  // in elements
    int length = 0;
  };
  // Each of these is the thread's own and lives until the thread's next call: for a thread to norm all rows
  // for itself is cheaper than a barrier. `residuals` has rows (count, stride), `copy` (count, hidden) or
  // null.
  Input normed(const float* residuals, int count, const std::vector<float>& weight, float* copy, int thread);
  Input as_it_is(int count, int thread);  // of the residual rows
  // Adds attention (of queries, keys and values made from `input`) and the feed-forward part to the residual
  // rows, and fills layer `index` of the caches. Ends with a barrier.
  void layer(const LlamaWeights::Layer& layer, int index, const Input& input, int thread);

 private:
  struct Scratch {                        // one thread's own
    AlignedBuffer<std::byte> panel;       // (kMostRows, padded(hidden)): normed rows
    AlignedBuffer<float> row;             // (padded(hidden))
    AlignedBuffer<float> gate, up;        // (kMostRows, kGateBlock)
    AlignedBuffer<float> queries, mixed;  // (Attention::kMost, width of a head in the cache)
    AlignedBuffer<float> scores;          // (Attention::kMost, scores_stride)
  };
  static constexpr int kGateBlock = 32;

  static std::size_t at(int row, int stride) {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(stride);
  }
  void to_panel(const float* x, int length, AlignedBuffer<std::byte>& panel, std::size_t element) const;
  void queries_keys_values(const LlamaWeights::Layer& layer, const Input& input, int count, int thread);
  void attend_all(const LlamaWeights::Layer& layer, int index, int thread);
  void store(const LlamaWeights::Layer& layer, int index, int n, int kv_head);
  int first_seen(const PassRow& row, int index) const;  // by layer `index`
  KvCache& cache_of(const PassRow& row) const { return *caches_[row.slice]; }
  void attend(const LlamaWeights::Layer& layer, int index, int begin, int end, int kv_head, int thread);
  void rotated_query(const LlamaWeights::Layer& layer, int n, int head, float* query) const;
  void add_output(const std::byte* matrix, const std::vector<float>& bias, int depth,
                  const AlignedBuffer<std::byte>& panel, int count, int thread);
  void gate_up(const LlamaWeights::Layer& layer, const Input& input, int count, int thread);

  const LlamaConfig& config_;
  Dtype dtype_;
  const Arithmetic& arithmetic_;
  ThreadTeam& team_;
  RopeTable rope_;
  int hidden_stride_, query_length_, key_length_, qkv_length_;
  float scale_;
  std::span<const PassRow> rows_;
  std::span<const int> paths_;
  std::span<KvCache* const> caches_;
  std::size_t scores_stride_ = 0;       // positions of this pass, rounded up
  AlignedBuffer<float> residual_;       // (kMostRows, hidden_stride)
  AlignedBuffer<float> qkv_;            // (kMostRows, qkv_length): query heads, key heads, value heads
  AlignedBuffer<std::byte> attended_;   // panel (kMostRows, padded(query_length))
  AlignedBuffer<std::byte> activated_;  // panel (kMostRows, padded(intermediate))
  std::vector<Scratch> scratch_;        // by thread
};

}  // namespace speclab
