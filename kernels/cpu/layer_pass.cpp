#include "kernels/cpu/layer_pass.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace speclab {

LayerPass::LayerPass(const LlamaConfig& config, Dtype dtype, const Arithmetic& arithmetic, ThreadTeam& team)
    : config_(config),
      dtype_(dtype),
      arithmetic_(arithmetic),
      team_(team),
      rope_(config_.rope, config_.head_dim),
      hidden_stride_(padded(config_.hidden)),
      query_length_(config_.heads * config_.head_dim),
      key_length_(config_.kv_heads * config_.head_dim),
      qkv_length_(query_length_ + 2 * key_length_),
      scale_(static_cast<float>(1 / std::sqrt(static_cast<double>(config_.head_dim)))),
      residual_(at(kMaxRows, hidden_stride_)),
      qkv_(at(kMaxRows, qkv_length_)),
      attended_(at(kMaxRows, padded(query_length_)) * panel_bytes(dtype)),
      activated_(at(kMaxRows, padded(config_.intermediate)) * panel_bytes(dtype)),
      scratch_(static_cast<std::size_t>(team.size())) {
  const std::size_t width = static_cast<std::size_t>(padded(config_.head_dim));
  for (Scratch& scratch : scratch_) {
    scratch.panel.require(at(kMaxRows, hidden_stride_) * panel_bytes(dtype));
    scratch.row.require(static_cast<std::size_t>(hidden_stride_));
    scratch.gate.require(at(kMaxRows, kGateBlock));
    scratch.up.require(at(kMaxRows, kGateBlock));
    scratch.queries.require(Attention::kMax * width);
    scratch.mixed.require(Attention::kMax * width);
  }
}

void LayerPass::begin(std::span<const PassRow> rows, std::span<const int> paths,
                      std::span<KvCache* const> caches) {
  rows_ = rows;
  paths_ = paths;
  caches_ = caches;
  int positions = 0;
  for (const PassRow& row : rows) positions = std::max(positions, row.position + 1);
  rope_.extend(positions);
  // Grown by whole steps, so that a text that grows token by token seldom allocates.
  scores_stride_ = static_cast<std::size_t>((positions + 256) / 256 * 256);
  for (Scratch& scratch : scratch_) scratch.scores.require(Attention::kMax * scores_stride_);
}

void LayerPass::layer(const LlamaWeights::Layer& layer, int index, const Input& input, int thread) {
  const int count = static_cast<int>(rows_.size());
  queries_keys_values(layer, input, count, thread);
  team_.barrier();
  attend_all(layer, index, thread);
  team_.barrier();
  add_output(layer.output, layer.output_bias, query_length_, attended_, count, thread);
  team_.barrier();
  gate_up(layer, normed(residual_.data(), count, layer.output_norm, nullptr, thread), count, thread);
  team_.barrier();
  add_output(layer.down, layer.down_bias, config_.intermediate, activated_, count, thread);
  team_.barrier();
}

void LayerPass::to_panel(const float* x, int length, AlignedBuffer<std::byte>& panel,
                         std::size_t element) const {
  std::byte* out = panel.data() + element * panel_bytes(dtype_);
  if (dtype_ == Dtype::bf16) {
    arithmetic_.round_to_bf16(x, length, reinterpret_cast<std::uint16_t*>(out));
  } else {
    std::memcpy(out, x, static_cast<std::size_t>(length) * sizeof(float));
  }
}

LayerPass::Input LayerPass::normed(const float* residuals, int count, const std::vector<float>& weight,
                                   float* copy, int thread) {
  Scratch& scratch = scratch_[thread];
  for (int n = 0; n < count; ++n) {
    arithmetic_.rms_norm(residuals + at(n, hidden_stride_), weight.data(), config_.hidden,
                         static_cast<float>(config_.rms_epsilon), scratch.row.data());
    to_panel(scratch.row.data(), config_.hidden, scratch.panel, at(n, hidden_stride_));
    if (copy && n % team_.size() == thread) {
      std::copy_n(scratch.row.data(), config_.hidden, copy + at(n, config_.hidden));
    }
  }
  return {scratch.panel.data(), static_cast<std::size_t>(hidden_stride_), config_.hidden};
}

LayerPass::Input LayerPass::as_it_is(int count, int thread) {
  Scratch& scratch = scratch_[thread];
  for (int n = 0; n < count; ++n) to_panel(residual(n), config_.hidden, scratch.panel, at(n, hidden_stride_));
  return {scratch.panel.data(), static_cast<std::size_t>(hidden_stride_), config_.hidden};
}

void LayerPass::queries_keys_values(const LlamaWeights::Layer& layer, const Input& input, int count,
                                    int thread) {
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
    arithmetic_.matmul({.dtype = dtype_,
                        .weights = part.matrix,
                        .depth = input.length,
                        .begin = begin - part.begin,
                        .end = end - part.begin,
                        .panel = input.panel,
                        .panel_stride = input.stride,
                        .count = count,
                        .out = qkv_.data() + part.begin,
                        .out_stride = static_cast<std::size_t>(qkv_length_),
                        .bias = part.bias.empty() ? nullptr : part.bias.data()});
  }
}

void LayerPass::attend_all(const LlamaWeights::Layer& layer, int index, int thread) {
  const int count = static_cast<int>(rows_.size());
  const auto row = [&](int n) -> const PassRow& { return rows_[n]; };
  // A thread takes a key head of a sequence: no barrier between its keys and its queries. Where rows are
  // many, each takes every few rows of all heads instead, so that all threads have as much to do.
  constexpr int kFew = 16;
  if (count <= kFew) {
    int unit = 0;
    for (int begin = 0, end = 0; begin < count; begin = end) {
      while (end < count && row(end).slice == row(begin).slice) ++end;
      for (int kv_head = 0; kv_head < config_.kv_heads; ++kv_head) {
        if (unit++ % team_.size() != thread) continue;
        for (int n = begin; n < end; ++n) store(layer, index, n, kv_head);
        for (int n = begin, same = begin; n < end; n = same) {
          while (same < end && row(same).text == row(n).text &&
                 first_seen(row(same), index) == first_seen(row(n), index)) {
            ++same;
          }
          attend(layer, index, n, same, kv_head, thread);
        }
      }
    }
    return;
  }
  for (int n = thread; n < count; n += team_.size()) {
    for (int kv_head = 0; kv_head < config_.kv_heads; ++kv_head) store(layer, index, n, kv_head);
  }
  team_.barrier();
  for (int n = thread; n < count; n += team_.size()) {
    for (int kv_head = 0; kv_head < config_.kv_heads; ++kv_head)
      attend(layer, index, n, n + 1, kv_head, thread);
  }
}

int LayerPass::first_seen(const PassRow& row, int index) const {
  const int window = config_.window_of(index);
  return window > 0 ? std::max(0, row.position + 1 - window) : 0;
}

void LayerPass::store(const LlamaWeights::Layer& layer, int index, int n, int kv_head) {
  const int d = config_.head_dim;
  const PassRow& row = rows_[n];
  const float* from = qkv_.data() + at(n, qkv_length_) + query_length_ + kv_head * d;
  KvCache& cache = cache_of(row);
  float* key = cache.keys(index, kv_head) + at(row.slot, cache.width());
  const std::vector<float>& norm = layer.key_norm;
  if (norm.empty()) {
    std::copy_n(from, d, key);
  } else {
    arithmetic_.rms_norm(from, norm.data(), d, static_cast<float>(config_.rms_epsilon), key);
  }
  rope_.rotate(key, row.position);
  std::copy_n(from + key_length_, d, cache.values(index, kv_head) + at(row.slot, cache.width()));
}

// The queries of one key head, of rows begin .. end - 1, which see the same text.
void LayerPass::attend(const LlamaWeights::Layer& layer, int index, int begin, int end, int kv_head,
                       int thread) {
  const int d = config_.head_dim, group = config_.heads / config_.kv_heads;
  const PassRow& one = rows_[begin];
  KvCache& cache = cache_of(one);
  const int width = cache.width();
  Scratch& scratch = scratch_[thread];
  Attention task{.queries = {},
                 .count = 0,
                 .keys = cache.keys(index, kv_head),
                 .values = cache.values(index, kv_head),
                 .width = width,
                 .text = one.text,
                 .first = first_seen(one, index),
                 .scale = scale_,
                 .scores = scratch.scores.data(),
                 .scores_stride = scores_stride_};
  const int total = group * (end - begin);
  for (int from = 0; from < total; from += task.count) {
    task.count = std::min(total - from, Attention::kMax);
    for (int i = 0; i < task.count; ++i) {
      const int n = begin + (from + i) / group, head = kv_head * group + (from + i) % group;
      const PassRow& row = rows_[n];
      float* query = scratch.queries.data() + at(i, width);
      rotated_query(layer, n, head, query);
      task.queries[i] = {query, paths_.data() + row.path_begin, row.path_length,
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

void LayerPass::rotated_query(const LlamaWeights::Layer& layer, int n, int head, float* query) const {
  const int d = config_.head_dim;
  const float* from = qkv_.data() + at(n, qkv_length_) + head * d;
  const std::vector<float>& norm = layer.query_norm;
  if (norm.empty()) {
    std::copy_n(from, d, query);
  } else {
    arithmetic_.rms_norm(from, norm.data(), d, static_cast<float>(config_.rms_epsilon), query);
  }
  rope_.rotate(query, rows_[n].position);
}

void LayerPass::add_output(const std::byte* matrix, const std::vector<float>& bias, int depth,
                           const AlignedBuffer<std::byte>& panel, int count, int thread) {
  const Share share = share_of(config_.hidden, 16, thread, team_.size());
  arithmetic_.matmul({.dtype = dtype_,
                      .weights = matrix,
                      .depth = depth,
                      .begin = share.begin,
                      .end = share.end,
                      .panel = panel.data(),
                      .panel_stride = static_cast<std::size_t>(padded(depth)),
                      .count = count,
                      .out = residual_.data(),
                      .out_stride = static_cast<std::size_t>(hidden_stride_),
                      .bias = bias.empty() ? nullptr : bias.data(),
                      .add = true});
}

void LayerPass::gate_up(const LlamaWeights::Layer& layer, const Input& input, int count, int thread) {
  Scratch& scratch = scratch_[thread];
  const Share share = share_of(config_.intermediate, kGateBlock, thread, team_.size());
  for (int begin = share.begin; begin < share.end; begin += kGateBlock) {
    const int end = std::min(begin + kGateBlock, share.end);
    Matmul task{.dtype = dtype_,
                .depth = config_.hidden,
                .end = end - begin,
                .panel = input.panel,
                .panel_stride = input.stride,
                .count = count,
                .out_stride = kGateBlock};
    const std::size_t skipped =
        static_cast<std::size_t>(begin) * static_cast<std::size_t>(config_.hidden) * bytes_of(dtype_);
    const auto biases = [&](const std::vector<float>& of) {
      return of.empty() ? nullptr : of.data() + begin;
    };
    task.weights = layer.gate + skipped;
    task.bias = biases(layer.gate_bias);
    task.out = scratch.gate.data();
    arithmetic_.matmul(task);
    task.weights = layer.up + skipped;
    task.bias = biases(layer.up_bias);
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
