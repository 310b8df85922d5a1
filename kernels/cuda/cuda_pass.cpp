#include "kernels/cuda/cuda_pass.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/errors.h"
#include "kernels/cpu/rope_table.h"
#include "kernels/cuda/cache_keep.h"
#include "kernels/cuda/copy_rows.h"
#include "kernels/cuda/embedding.h"
#include "kernels/cuda/few_rows_product.h"
#include "kernels/cuda/number_conversion.h"
#include "kernels/cuda/rms_norm.h"
#include "kernels/cuda/tree_attention.h"

namespace speclab {
namespace {

constexpr std::size_t kMost = PassPart::kMostRows;

template <class T>
class CudaPassOf : public CudaPass {
 public:
  CudaPassOf(const CudaWeights& weights, const PagePool& pool, Stream& stream)
      : weights_(weights),
        c_(weights.config),
        pool_(pool),
        stream_(stream),
        queries_length_(c_.heads * c_.head_dim),
        qkv_length_((c_.heads + 2 * c_.kv_heads) * c_.head_dim),
        residual_(room(c_.hidden), kWork),
        qkv_(room(qkv_length_), kWork),
        input_(room(padded16(c_.hidden)), kWork),
        queries_(room(c_.heads * padded8(c_.head_dim)), kWork),
        attended_(room(padded16(queries_length_)), kWork),
        activated_(room(padded16(c_.intermediate)), kWork),
        frequencies_(static_cast<std::size_t>(c_.head_dim / 2), kWork) {
    // What kernels never write must not be NaN.
    fill_bytes(attended_.data(), 0, attended_.size() * sizeof(T), stream_);
    fill_bytes(activated_.data(), 0, activated_.size() * sizeof(T), stream_);
    const std::vector<double> frequencies = rope_frequencies(c_.rope, c_.head_dim);
    copy(frequencies_.data(), std::span<const double>(frequencies), stream_);
    stream_.wait();
  }

  bool fit(int partials, int positions) override {
    bool moved = false;
    if (static_cast<std::size_t>(partials) > partials_) {
      partials_ = std::bit_ceil(static_cast<std::size_t>(partials));
      const std::size_t heads = partials_ * static_cast<std::size_t>(c_.heads);
      part_sums_.require(heads * static_cast<std::size_t>(padded8(c_.head_dim)),
                         "partial results of attention");
      part_statistics_.require(heads * 2, "partial results of attention");
      moved = true;
    }
    if (positions > positions_) {
      positions_ =
          std::min(c_.max_positions,
                   std::max(4096, static_cast<int>(std::bit_ceil(static_cast<unsigned>(positions)))));
      turns_.require(static_cast<std::size_t>(positions_) * static_cast<std::size_t>(c_.head_dim),
                     "angles of positions");
      rope_table(frequencies_.data(), positions_, c_.head_dim, turns_.data(), stream_);
      moved = true;
    }
    return moved;
  }

  void run(const PassPart& part, const PassRows& out) override {
    const int rows = part.size.rows;
    embed<T>({static_cast<const T*>(weights_.embedding.data), part.tokens, residual_.data(), rows, c_.hidden},
             stream_);
    for (int i = 0; i < c_.layers; ++i) {
      const auto& layer = weights_.layers[static_cast<std::size_t>(i)];
      norm(layer.input_norm, nullptr, rows, nullptr);
      product({.x = input_.data(),
               .out = qkv_.data(),
               .rows = rows,
               .inputs = c_.hidden,
               .outputs = qkv_length_,
               .stride = qkv_length_},
              layer.query);
      attend(part, layer, i);
      product({.x = attended_.data(),
               .out = residual_.data(),
               .rows = rows,
               .inputs = queries_length_,
               .outputs = c_.hidden,
               .stride = c_.hidden,
               .finish = Finish::add},
              layer.output);
      norm(layer.output_norm, nullptr, rows, nullptr);
      product({.x = input_.data(),
               .out = activated_.data(),
               .rows = rows,
               .inputs = c_.hidden,
               .outputs = c_.intermediate,
               .stride = padded16(c_.intermediate),
               .finish = Finish::gate},
              layer.gate);
      product({.x = activated_.data(),
               .out = residual_.data(),
               .rows = rows,
               .inputs = c_.intermediate,
               .outputs = c_.hidden,
               .stride = c_.hidden,
               .finish = Finish::add},
              layer.down);
      keep_taps(part, i + 1, out.tapped);
    }
    if (part.size.asked == 0) return;
    norm(weights_.final_norm, part.asked, part.size.asked, out.hidden);
    if (!part.size.scores) return;
    product({.x = input_.data(),
             .out = out.logits,
             .rows = part.size.asked,
             .inputs = c_.hidden,
             .outputs = c_.vocab,
             .stride = c_.vocab,
             .not_finite = part.not_finite},
            weights_.head);
  }

  void keep(const KeptSlots* paths, const int* from, int path_count, const int* table,
            int table_stride) override {
    const PagedCache<T> first = pool_.layer<T>(0, table, table_stride);
    const long long stride = c_.layers > 1 ? pool_.layer<T>(1, table, table_stride).keys - first.keys : 0;
    keep_in_cache<T>({first, stride, paths, from, path_count, c_.layers}, stream_);
  }

 private:
  static constexpr const char* kWork = "activations of a pass";
  static std::size_t room(int width) { return kMost * static_cast<std::size_t>(width); }

  void norm(const float* weight, const int* at, int rows, float* exact) {
    rms_norm<T>({residual_.data(), at, weight, input_.data(), exact, rows, c_.hidden,
                 static_cast<float>(c_.rms_epsilon)},
                stream_);
  }

  void product(FewRowsProduct<T> task, const DeviceMatrix& matrix) {
    if (matrix.scales) {
      multiply<T, std::int8_t>(
          {static_cast<const std::int8_t*>(matrix.data), matrix.scales, task.x, task.out, task.rows,
           task.inputs, task.outputs, task.stride, task.finish, task.not_finite},
          stream_);
    } else {
      task.weights = static_cast<const T*>(matrix.data);
      multiply<T, T>(task, stream_);
    }
  }

  void attend(const PassPart& part, const CudaWeights::Layer& layer, int index) {
    const PagedCache<T> cache = pool_.layer<T>(index, part.table, part.table_stride);
    rope_and_store<T>({.qkv = qkv_.data(),
                       .bias = layer.query_bias,
                       .query_norm = layer.query_norm,
                       .key_norm = layer.key_norm,
                       .turns = turns_.data(),
                       .places = part.places,
                       .queries = queries_.data(),
                       .cache = cache,
                       .rows = part.size.rows,
                       .heads = c_.heads,
                       .epsilon = static_cast<float>(c_.rms_epsilon)},
                      stream_);
    tree_attention<T>({.queries = queries_.data(),
                       .cache = cache,
                       .rows = part.attend,
                       .order = part.order,
                       .items = part.items,
                       .paths = part.paths,
                       .part_sums = part_sums_.data(),
                       .part_statistics = part_statistics_.data(),
                       .out = attended_.data(),
                       .row_count = part.size.rows,
                       .item_count = part.size.items,
                       .counts = part.counts,
                       .heads = c_.heads,
                       .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(c_.head_dim)))},
                      stream_);
  }

  void keep_taps(const PassPart& part, int layers_done, float* tapped) {
    for (std::size_t tap = 0; tap < taps_.size(); ++tap) {
      if (taps_[tap] != layers_done) continue;
      copy_rows({.from = residual_.data(),
                 .at = part.asked,
                 .to = tapped + tap * static_cast<std::size_t>(c_.hidden),
                 .rows = part.size.asked,
                 .width = c_.hidden,
                 .stride = static_cast<int>(taps_.size()) * c_.hidden},
                stream_);
    }
  }

  const CudaWeights& weights_;
  const LlamaConfig& c_;
  const PagePool& pool_;
  Stream& stream_;
  int queries_length_, qkv_length_;
  DeviceBuffer<float> residual_;  // (kMostRows, hidden)
  DeviceBuffer<float> qkv_;       // (kMostRows, qkv_length)
  DeviceBuffer<T> input_;         // (kMostRows, padded16(hidden)): normed rows
  DeviceBuffer<T> queries_;       // (kMostRows, heads, padded8(head_dim))
  DeviceBuffer<T> attended_;      // (kMostRows, padded16(heads head_dim))
  DeviceBuffer<T> activated_;     // (kMostRows, padded16(intermediate))
  DeviceBuffer<double> frequencies_;
  std::size_t partials_ = 0;
  int positions_ = 0;
  DeviceBuffer<float> part_sums_;        // (partials, heads, padded8(head_dim))
  DeviceBuffer<float> part_statistics_;  // (partials, heads, 2)
  DeviceBuffer<float> turns_;            // (positions, head_dim)
};

}  // namespace

std::unique_ptr<CudaPass> make_cuda_pass(const CudaWeights& weights, const PagePool& pool, Stream& stream) {
  const int d = weights.config.head_dim;
  if (d % 2 != 0 || d > TreeAttention<Bf16>::kLargestHead) {
    throw ConfigError(
        fmt::format("heads of {} numbers cannot be run on a CUDA device; even sizes up to {} can", d,
                    TreeAttention<Bf16>::kLargestHead));
  }
  if (weights.dtype == Dtype::f16) return std::make_unique<CudaPassOf<F16>>(weights, pool, stream);
  return std::make_unique<CudaPassOf<Bf16>>(weights, pool, stream);
}

}  // namespace speclab
