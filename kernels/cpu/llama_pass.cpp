#include "kernels/cpu/llama_pass.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace speclab {

LlamaPass::LlamaPass(const LlamaWeights& weights, const Arithmetic& arithmetic, ThreadTeam& team)
    : weights_(weights),
      config_(weights.config),
      arithmetic_(arithmetic),
      team_(team),
      rope_(config_.rope, config_.head_dim),
      hidden_stride_(padded(config_.hidden)),
      query_length_(config_.heads * config_.head_dim),
      key_length_(config_.kv_heads * config_.head_dim),
      qkv_length_(query_length_ + 2 * key_length_),
      scale_(static_cast<float>(1 / std::sqrt(static_cast<double>(config_.head_dim)))),
      residual_(at(kMostRows, hidden_stride_)),
      qkv_(at(kMostRows, qkv_length_)),
      attended_(at(kMostRows, padded(query_length_)) * panel_bytes(weights.dtype)),
      activated_(at(kMostRows, padded(config_.intermediate)) * panel_bytes(weights.dtype)),
      scratch_(static_cast<std::size_t>(team.size())) {
  const std::size_t width = static_cast<std::size_t>(padded(config_.head_dim));
  for (Scratch& scratch : scratch_) {
    scratch.panel.require(at(kMostRows, hidden_stride_) * panel_bytes(weights.dtype));
    scratch.row.require(static_cast<std::size_t>(hidden_stride_));
    scratch.gate.require(at(kMostRows, kGateBlock));
    scratch.up.require(at(kMostRows, kGateBlock));
    scratch.queries.require(Attention::kMost * width);
    scratch.mixed.require(Attention::kMost * width);
  }
}

void LlamaPass::layers(std::span<const PassRow> rows, std::span<const int> paths) {
  const int count = static_cast<int>(rows.size());
  int positions = 0;
  for (const PassRow& row : rows) positions = std::max(positions, row.position + 1);
  rope_.extend(positions);
  // Grown by whole steps, so that a text that grows token by token seldom allocates.
  scores_stride_ = static_cast<std::size_t>((positions + 256) / 256 * 256);
  for (Scratch& scratch : scratch_) scratch.scores.require(Attention::kMost * scores_stride_);
  tapped_.require(at(kMostRows, config_.hidden) * taps());
  embed(rows);
  team_.run([&](int thread) {
    for (int i = 0; i < config_.layers; ++i) {
      const LlamaWeights::Layer& layer = weights_.layers[static_cast<std::size_t>(i)];
      norm_rows(residual_.data(), count, layer.input_norm, nullptr, thread);
      queries_keys_values(layer, count, thread);
      team_.barrier();
      attend_all(i, rows, paths, thread);
      team_.barrier();
      add_output(layer.output, query_length_, attended_, count, thread);
      team_.barrier();
      norm_rows(residual_.data(), count, layer.output_norm, nullptr, thread);
      gate_up(layer, count, thread);
      team_.barrier();
      add_output(layer.down, config_.intermediate, activated_, count, thread);
      team_.barrier();
      keep_taps(i + 1, count, thread);
    }
  });
}

// Reads what all threads wrote before the last barrier; they write it again after the next.
void LlamaPass::keep_taps(int layers_done, int count, int thread) {
  for (std::size_t tap = 0; tap < taps(); ++tap) {
    if (tap_after_[tap] != layers_done) continue;
    for (int n = thread; n < count; n += team_.size()) {
      float* rows = tapped_.data() + static_cast<std::size_t>(n) * taps() * static_cast<std::size_t>(config_.hidden);
      std::copy_n(residual(n), config_.hidden, rows + tap * static_cast<std::size_t>(config_.hidden));
    }
  }
}

int LlamaPass::head(const float* residuals, int count, float* hidden, float* logits) {
  not_finite_.store(-1, std::memory_order_relaxed);
  team_.run([&](int thread) {
    norm_rows(residuals, count, weights_.final_norm, hidden, thread);
    if (logits == nullptr) return;
    const Share share = share_of(config_.vocab, 16, thread, team_.size());
    arithmetic_.matmul({.dtype = weights_.dtype,
                        .weights = weights_.head,
                        .depth = config_.hidden,
                        .begin = share.begin,
                        .end = share.end,
                        .panel = scratch_[static_cast<std::size_t>(thread)].panel.data(),
                        .panel_stride = static_cast<std::size_t>(hidden_stride_),
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

void LlamaPass::embed(std::span<const PassRow> rows) {
  const std::size_t hidden = static_cast<std::size_t>(config_.hidden);
  for (std::size_t n = 0; n < rows.size(); ++n) {
    const Tensor row{
        weights_.dtype,
        {},
        weights_.embedding + static_cast<std::size_t>(rows[n].token) * hidden * bytes_of(weights_.dtype)};
    float* out = residual_.data() + n * static_cast<std::size_t>(hidden_stride_);
    for (std::size_t i = 0; i < hidden; ++i) out[i] = row.at(static_cast<std::int64_t>(i));
  }
}

void LlamaPass::to_panel(const float* x, int length, AlignedBuffer<std::byte>& panel,
                         std::size_t element) const {
  std::byte* out = panel.data() + element * panel_bytes(weights_.dtype);
  if (weights_.dtype == Dtype::bf16) {
    arithmetic_.round_to_bf16(x, length, reinterpret_cast<std::uint16_t*>(out));
  } else {
    std::memcpy(out, x, static_cast<std::size_t>(length) * sizeof(float));
  }
}

// Every thread norms all rows for itself: cheaper than a barrier.
void LlamaPass::norm_rows(const float* residuals, int count, const std::vector<float>& weight, float* copy,
                          int thread) {
  Scratch& scratch = scratch_[static_cast<std::size_t>(thread)];
  for (int n = 0; n < count; ++n) {
    arithmetic_.rms_norm(residuals + at(n, hidden_stride_), weight.data(), config_.hidden,
                         static_cast<float>(config_.rms_epsilon), scratch.row.data());
    to_panel(scratch.row.data(), config_.hidden, scratch.panel, at(n, hidden_stride_));
    if (copy && n % team_.size() == thread) {
      std::copy_n(scratch.row.data(), config_.hidden, copy + at(n, config_.hidden));
    }
  }
}

void LlamaPass::queries_keys_values(const LlamaWeights::Layer& layer, int count, int thread) {
  struct Part {
    const std::byte* matrix;
    const std::vector<float>& bias;
    int begin, length;  // of its outputs among all
  };
  const Part parts[] = {{layer.query, layer.query_bias, 0, query_length_},
                        {layer.key, layer.key_bias, query_length_, key_length_},
                        {layer.value, layer.value_bias, query_length_ + key_length_, key_length_}};
  const Share share = share_of(qkv_length_, 16, thread, team_.size());
  for (const Part& part : parts) {
    const int begin = std::max(share.begin, part.begin), end = std::min(share.end, part.begin + part.length);
    if (begin >= end) continue;
    arithmetic_.matmul({.dtype = weights_.dtype,
                        .weights = part.matrix,
                        .depth = config_.hidden,
                        .begin = begin - part.begin,
                        .end = end - part.begin,
                        .panel = scratch_[static_cast<std::size_t>(thread)].panel.data(),
                        .panel_stride = static_cast<std::size_t>(hidden_stride_),
                        .count = count,
                        .out = qkv_.data() + part.begin,
                        .out_stride = static_cast<std::size_t>(qkv_length_),
                        .bias = part.bias.empty() ? nullptr : part.bias.data()});
  }
}

void LlamaPass::attend_all(int layer, std::span<const PassRow> rows, std::span<const int> paths, int thread) {
  const int count = static_cast<int>(rows.size());
  const auto row = [&](int n) -> const PassRow& { return rows[static_cast<std::size_t>(n)]; };
  // A thread takes a key head of a sequence: no barrier between its keys and its queries. Where rows are
  // many, each takes every few rows of all heads instead, so that all threads have as much to do.
  constexpr int kFew = 16;
  if (count <= kFew) {
    int unit = 0;
    for (int begin = 0, end = 0; begin < count; begin = end) {
      while (end < count && row(end).cache == row(begin).cache) ++end;
      for (int kv_head = 0; kv_head < config_.kv_heads; ++kv_head) {
        if (unit++ % team_.size() != thread) continue;
        for (int n = begin; n < end; ++n) store(layer, row(n), n, kv_head);
        for (int n = begin, same = begin; n < end; n = same) {
          while (same < end && row(same).text == row(n).text && first_seen(row(same)) == first_seen(row(n)))
            ++same;
          attend(layer, rows, n, same, paths, kv_head, thread);
        }
      }
    }
    return;
  }
  for (int n = thread; n < count; n += team_.size()) {
    for (int kv_head = 0; kv_head < config_.kv_heads; ++kv_head) store(layer, row(n), n, kv_head);
  }
  team_.barrier();
  for (int n = thread; n < count; n += team_.size()) {
    for (int kv_head = 0; kv_head < config_.kv_heads; ++kv_head)
      attend(layer, rows, n, n + 1, paths, kv_head, thread);
  }
}

int LlamaPass::first_seen(const PassRow& row) const {
  const int window = config_.sliding_window;
  return window > 0 ? std::max(0, row.position + 1 - window) : 0;
}

void LlamaPass::store(int layer, const PassRow& row, int index, int kv_head) {
  const int d = config_.head_dim;
  const float* from = qkv_.data() + at(index, qkv_length_) + query_length_ + kv_head * d;
  float* key = row.cache->keys(layer, kv_head) + at(row.slot, row.cache->width());
  const std::vector<float>& norm = weights_.layers[static_cast<std::size_t>(layer)].key_norm;
  if (norm.empty()) {
    std::copy_n(from, d, key);
  } else {
    arithmetic_.rms_norm(from, norm.data(), d, static_cast<float>(config_.rms_epsilon), key);
  }
  rope_.rotate(key, row.position);
  std::copy_n(from + key_length_, d, row.cache->values(layer, kv_head) + at(row.slot, row.cache->width()));
}

// The queries of one key head, of rows begin .. end - 1, which see the same text.
void LlamaPass::attend(int layer, std::span<const PassRow> rows, int begin, int end,
                       std::span<const int> paths, int kv_head, int thread) {
  const int d = config_.head_dim, group = config_.heads / config_.kv_heads;
  const PassRow& one = rows[static_cast<std::size_t>(begin)];
  const int width = one.cache->width();
  Scratch& scratch = scratch_[static_cast<std::size_t>(thread)];
  Attention task{.queries = {},
                 .count = 0,
                 .keys = one.cache->keys(layer, kv_head),
                 .values = one.cache->values(layer, kv_head),
                 .width = width,
                 .text = one.text,
                 .first = first_seen(one),
                 .scale = scale_,
                 .scores = scratch.scores.data(),
                 .scores_stride = scores_stride_};
  const int total = group * (end - begin);
  for (int from = 0; from < total; from += task.count) {
    task.count = std::min(total - from, Attention::kMost);
    for (int i = 0; i < task.count; ++i) {
      const int n = begin + (from + i) / group, head = kv_head * group + (from + i) % group;
      const PassRow& row = rows[static_cast<std::size_t>(n)];
      float* query = scratch.queries.data() + at(i, width);
      rotated_query(layer, row, n, head, query);
      task.queries[i] = {query, paths.data() + row.path_begin, row.path_length,
                         scratch.mixed.data() + at(i, width)};
    }
    arithmetic_.attention(task);
    for (int i = 0; i < task.count; ++i) {
      const int n = begin + (from + i) / group, head = kv_head * group + (from + i) % group;
      to_panel(task.queries[i].out, d, attended_,
               at(n, padded(query_length_)) + static_cast<std::size_t>(head * d));
    }
  }
}

void LlamaPass::rotated_query(int layer, const PassRow& row, int index, int head, float* query) const {
  const int d = config_.head_dim;
  const float* from = qkv_.data() + at(index, qkv_length_) + head * d;
  const std::vector<float>& norm = weights_.layers[static_cast<std::size_t>(layer)].query_norm;
  if (norm.empty()) {
    std::copy_n(from, d, query);
  } else {
    arithmetic_.rms_norm(from, norm.data(), d, static_cast<float>(config_.rms_epsilon), query);
  }
  rope_.rotate(query, row.position);
}

void LlamaPass::add_output(const std::byte* matrix, int depth, const AlignedBuffer<std::byte>& panel,
                           int count, int thread) {
  const Share share = share_of(config_.hidden, 16, thread, team_.size());
  arithmetic_.matmul({.dtype = weights_.dtype,
                      .weights = matrix,
                      .depth = depth,
                      .begin = share.begin,
                      .end = share.end,
                      .panel = panel.data(),
                      .panel_stride = static_cast<std::size_t>(padded(depth)),
                      .count = count,
                      .out = residual_.data(),
                      .out_stride = static_cast<std::size_t>(hidden_stride_),
                      .add = true});
}

void LlamaPass::gate_up(const LlamaWeights::Layer& layer, int count, int thread) {
  Scratch& scratch = scratch_[static_cast<std::size_t>(thread)];
  const Share share = share_of(config_.intermediate, kGateBlock, thread, team_.size());
  for (int begin = share.begin; begin < share.end; begin += kGateBlock) {
    const int end = std::min(begin + kGateBlock, share.end);
    Matmul task{.dtype = weights_.dtype,
                .depth = config_.hidden,
                .end = end - begin,
                .panel = scratch.panel.data(),
                .panel_stride = static_cast<std::size_t>(hidden_stride_),
                .count = count,
                .out_stride = kGateBlock};
    const std::size_t skipped =
        static_cast<std::size_t>(begin) * static_cast<std::size_t>(config_.hidden) * bytes_of(weights_.dtype);
    task.weights = layer.gate + skipped;
    task.out = scratch.gate.data();
    arithmetic_.matmul(task);
    task.weights = layer.up + skipped;
    task.out = scratch.up.data();
    arithmetic_.matmul(task);
    for (int n = 0; n < count; ++n) {
      float* gate = scratch.gate.data() + at(n, kGateBlock);
      arithmetic_.swiglu(gate, scratch.up.data() + at(n, kGateBlock), end - begin, gate);
      to_panel(gate, end - begin, activated_,
               at(n, padded(config_.intermediate)) + static_cast<std::size_t>(begin));
    }
  }
}

}  // namespace speclab
