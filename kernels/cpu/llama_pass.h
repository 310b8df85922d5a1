#pragma once

#include <atomic>
#include <vector>

#include "kernels/cpu/aligned_buffer.h"
#include "kernels/cpu/arithmetic.h"
#include "kernels/cpu/llama_weights.h"
#include "kernels/cpu/pass_plan.h"
#include "kernels/cpu/rope_table.h"
#include "kernels/cpu/thread_team.h"

namespace speclab {

// The arithmetic of one pass over the weights, on a team of threads. Each thread computes a fixed range
// of every matrix's outputs for all rows, so that weights are read once.
class LlamaPass {
 public:
  static constexpr int kMostRows = 64;  // of one pass; longer lists are cut by the caller

  LlamaPass(const LlamaWeights& weights, const Arithmetic& arithmetic, ThreadTeam& team);

  // From tokens to the residual stream after the last layer; fills the caches.
  void layers(std::span<const PassRow> rows, std::span<const int> paths);
  const float* residual(int row) const { return residual_.data() + at(row, hidden_stride_); }

  // From now on `layers` also keeps the residual stream after so many layers, for each of `taps`.
  void tap(std::vector<int> after) { tap_after_ = std::move(after); }
  std::size_t taps() const { return tap_after_.size(); }
  const float* tapped(int row) const {  // (taps, hidden)
    return tapped_.data() + static_cast<std::size_t>(row) * taps() * static_cast<std::size_t>(config_.hidden);
  }

  // From residual rows (count, hidden_stride) to normed rows (count, hidden) and logits (count, vocab), where
  // there is room for these (not null).
  // The result is the first row with a logit that is not finite; -1: none.
  int head(const float* residuals, int count, float* hidden, float* logits);
  int hidden_stride() const { return hidden_stride_; }

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
  void embed(std::span<const PassRow> rows);
  void keep_taps(int layers_done, int count, int thread);
  void norm_rows(const float* residuals, int count, const std::vector<float>& weight, float* copy,
                 int thread);
  void to_panel(const float* x, int length, AlignedBuffer<std::byte>& panel, std::size_t element) const;
  void queries_keys_values(const LlamaWeights::Layer& layer, int count, int thread);
  void attend_all(int layer, std::span<const PassRow> rows, std::span<const int> paths, int thread);
  void store(int layer, const PassRow& row, int index, int kv_head);
  int first_seen(const PassRow& row) const;
  void attend(int layer, std::span<const PassRow> rows, int begin, int end, std::span<const int> paths,
              int kv_head, int thread);
  void rotated_query(int layer, const PassRow& row, int index, int head, float* query) const;
  void add_output(const std::byte* matrix, int depth, const AlignedBuffer<std::byte>& panel, int count,
                  int thread);
  void gate_up(const LlamaWeights::Layer& layer, int count, int thread);

  const LlamaWeights& weights_;
  const LlamaConfig& config_;
  const Arithmetic& arithmetic_;
  ThreadTeam& team_;
  RopeTable rope_;
  int hidden_stride_, query_length_, key_length_, qkv_length_;
  float scale_;
  std::size_t scores_stride_ = 0;       // positions of this pass, rounded up
  AlignedBuffer<float> residual_;       // (kMostRows, hidden_stride)
  AlignedBuffer<float> qkv_;            // (kMostRows, qkv_length): query heads, key heads, value heads
  std::vector<int> tap_after_;          // numbers of layers
  AlignedBuffer<float> tapped_;         // (kMostRows, taps, hidden)
  AlignedBuffer<std::byte> attended_;   // panel (kMostRows, padded(query_length))
  AlignedBuffer<std::byte> activated_;  // panel (kMostRows, padded(intermediate))
  std::vector<Scratch> scratch_;        // by thread
  std::atomic<int> not_finite_{-1};
};

}  // namespace speclab
