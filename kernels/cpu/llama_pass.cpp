#include "kernels/cpu/llama_pass.h"

#include <algorithm>

namespace speclab {

void LlamaPass::layers(std::span<const PassRow> rows, std::span<const int> paths,
                       std::span<KvCache* const> caches) {
  const int count = static_cast<int>(rows.size());
  tapped_.require(at(kMaxRows, config_.hidden) * taps());
  layers_.begin(rows, paths, caches);
  for (int n = 0; n < count; ++n) {
    look_up(weights_.dtype, weights_.embedding, config_.hidden, rows[n].token, layers_.residual(n));
  }
  team_.run([&](int thread) {
    for (int i = 0; i < config_.layers; ++i) {
      const LlamaWeights::Layer& layer = weights_.layers[i];
      layers_.layer(layer, i, layers_.normed(residual(0), count, layer.input_norm, nullptr, thread), thread);
      keep_taps(i + 1, count, thread);
    }
  });
}

// Reads what all threads wrote before the last barrier; they write it again after the next.
void LlamaPass::keep_taps(int layers_done, int count, int thread) {
  for (std::size_t tap = 0; tap < taps(); ++tap) {
    if (tap_after_[tap] != layers_done) continue;
    for (int n = thread; n < count; n += team_.size()) {
      float* rows =
          tapped_.data() + static_cast<std::size_t>(n) * taps() * static_cast<std::size_t>(config_.hidden);
      std::copy_n(residual(n), config_.hidden, rows + tap * static_cast<std::size_t>(config_.hidden));
    }
  }
}

int LlamaPass::head(const float* residuals, int count, float* hidden, float* logits) {
  not_finite_.store(-1, std::memory_order_relaxed);
  team_.run([&](int thread) {
    const LayerPass::Input input = layers_.normed(residuals, count, weights_.final_norm, hidden, thread);
    if (logits == nullptr) return;
    const Share share = share_of(config_.vocab, 16, thread, team_.size());
    arithmetic_.matmul({.dtype = weights_.dtype,
                        .weights = weights_.head,
                        .depth = config_.hidden,
                        .begin = share.begin,
                        .end = share.end,
                        .panel = input.panel,
                        .panel_stride = input.stride,
                        .count = count,
                        .out = logits,
                        .out_stride = static_cast<std::size_t>(config_.vocab)});
    for (int row = 0; row < count; ++row) {
      if (!arithmetic_.all_finite(logits + at(row, config_.vocab) + share.begin, share.end - share.begin)) {
        not_finite_.store(row, std::memory_order_relaxed);
      }
    }
  });
  return not_finite_.load(std::memory_order_relaxed);
}

}  // namespace speclab
