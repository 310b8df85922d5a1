#pragma once

#include <atomic>
#include <vector>

#include "kernels/cpu/layer_pass.h"

namespace speclab {

// One pass over a model's weights: tokens to the residual stream, and that to logits.
class LlamaPass {
 public:
  static constexpr int kMaxRows = LayerPass::kMaxRows;

  LlamaPass(const LlamaWeights& weights, const Arithmetic& arithmetic, ThreadTeam& team)
      : weights_(weights),
        config_(weights.config),
        arithmetic_(arithmetic),
        team_(team),
        layers_(config_, weights.dtype, arithmetic, team) {}

  // From tokens to the residual stream after the last layer; fills the caches.
  void layers(std::span<const PassRow> rows, std::span<const int> paths, std::span<KvCache* const> caches);
  const float* residual(int row) const { return layers_.residual(row); }

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
  int hidden_stride() const { return layers_.stride(); }

 private:
  static std::size_t at(int row, int stride) {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(stride);
  }
  void keep_taps(int layers_done, int count, int thread);

  const LlamaWeights& weights_;
  const LlamaConfig& config_;
  const Arithmetic& arithmetic_;
  ThreadTeam& team_;
  LayerPass layers_;
  std::vector<int> tap_after_;   // numbers of layers
  AlignedBuffer<float> tapped_;  // (kMostRows, taps, hidden)
  std::atomic<int> not_finite_{-1};
};

}  // namespace speclab
