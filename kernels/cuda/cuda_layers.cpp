#include "kernels/cuda/cuda_layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/errors.h"
#include "kernels/cuda/head_kernels.h"
#include "kernels/cuda/number_conversion.h"
#include "kernels/cuda/rms_norm.h"
#include "kernels/cuda/swiglu.h"
#include "kernels/cuda/tree_attention.h"
#include "kernels/llama/rope_table.h"

namespace speclab {
namespace {

constexpr const char* kWork = "activations of a pass";

}  // namespace

void check_head_dim(const LlamaConfig& config) {
  const int d = config.head_dim;
  if (d % 2 != 0 || d > TreeAttention<Bf16>::kLargestHead) {
    throw ConfigError(
        fmt::format("heads of {} numbers cannot be run on a CUDA device; even sizes up to {} can", d,
                    TreeAttention<Bf16>::kLargestHead));
  }
}

template <class T>
CudaLayers<T>::CudaLayers(const LlamaConfig& config, int widest_input, int max_rows, const PagePool& pool,
                          ModelProducts& products, Stream& stream)
    : c_(config),
      pool_(pool),
      products_(products),
      stream_(stream),
      max_rows_(static_cast<std::size_t>(max_rows)),
      queries_length_(c_.heads * c_.head_dim),
      qkv_length_((c_.heads + 2 * c_.kv_heads) * c_.head_dim),
      residual_(room(c_.hidden), kWork),
      qkv_(room(qkv_length_), kWork),
      input_(room(padded16(widest_input)), kWork),
      queries_(room(c_.heads * padded8(c_.head_dim)), kWork),
      attended_(room(padded16(queries_length_)), kWork),
      activated_(room(padded16(c_.intermediate)), kWork),
      gate_and_up_(c_.mlp_bias ? room(2 * c_.intermediate) : 0, kWork),
      frequencies_(static_cast<std::size_t>(c_.head_dim / 2), kWork) {
  // What kernels never write must not be NaN.
  fill_bytes(attended_.data(), 0, attended_.size() * sizeof(T), stream_);
  fill_bytes(activated_.data(), 0, activated_.size() * sizeof(T), stream_);
  const std::vector<double> frequencies = rope_frequencies(c_.rope, c_.head_dim);
  copy(frequencies_.data(), std::span<const double>(frequencies), stream_);
  stream_.wait();
}

template <class T>
void CudaLayers<T>::fit(int partials, int positions) {
  if (static_cast<std::size_t>(partials) > partials_) {
    partials_ = 0;  // should memory be short
    const std::size_t max = std::bit_ceil(static_cast<std::size_t>(partials)),
                      heads = max * static_cast<std::size_t>(c_.heads);
    part_sums_.require(heads * static_cast<std::size_t>(padded8(c_.head_dim)),
                       "partial results of attention");
    part_statistics_.require(heads * 2, "partial results of attention");
    partials_ = max;
  }
  if (positions > positions_) {
    positions_ = 0;
    const int max = std::min(
        c_.max_positions, std::max(4096, static_cast<int>(std::bit_ceil(static_cast<unsigned>(positions)))));
    turns_.require(static_cast<std::size_t>(max) * static_cast<std::size_t>(c_.head_dim),
                   "angles of positions");
    rope_table(frequencies_.data(), max, c_.head_dim, turns_.data(), stream_);
    positions_ = max;
  }
}

template <class T>
void CudaLayers<T>::norm(const float* weight, const int* at, int rows, float* exact) {
  rms_norm<T>({residual_.data(), at, weight, input_.data(), exact, rows, c_.hidden,
               static_cast<float>(c_.rms_epsilon)},
              stream_);
}

template <class T>
void CudaLayers<T>::run(const PassPart& part, const CudaWeights::Layer& layer, int index, int input_width) {
  const int rows = part.size.rows;
  products_.multiply<T>({.x = input_.data(),
                         .out = qkv_.data(),
                         .rows = rows,
                         .inputs = input_width,
                         .outputs = qkv_length_,
                         .stride = qkv_length_},
                        layer.query);
  attend(part, layer, index);
  add_product(attended_.data(), queries_length_, layer.output, layer.output_bias, rows);
  norm(layer.output_norm, nullptr, rows, nullptr);
  activate(layer, rows);
  add_product(activated_.data(), c_.intermediate, layer.down, layer.down_bias, rows);
}

template <class T>
void CudaLayers<T>::add_product(const T* x, int inputs, const DeviceMatrix& matrix, const float* bias,
                                int rows) {
  products_.multiply<T>({.x = x,
                         .out = residual_.data(),
                         .rows = rows,
                         .inputs = inputs,
                         .outputs = c_.hidden,
                         .stride = c_.hidden,
                         .finish = Finish::add},
                        matrix);
  if (bias) add_bias({residual_.data(), bias, rows, c_.hidden}, stream_);
}

// What a product can do by itself, unless there are biases between.
template <class T>
void CudaLayers<T>::activate(const CudaWeights::Layer& layer, int rows) {
  const bool biased = layer.gate_bias != nullptr;
  products_.multiply<T>({.x = input_.data(),
                         .out = biased ? static_cast<void*>(gate_and_up_.data()) : activated_.data(),
                         .rows = rows,
                         .inputs = c_.hidden,
                         .outputs = biased ? 2 * c_.intermediate : c_.intermediate,
                         .stride = biased ? 2 * c_.intermediate : padded16(c_.intermediate),
                         .finish = biased ? Finish::store : Finish::gate},
                        layer.gate);
  if (!biased) return;
  add_bias({gate_and_up_.data(), layer.gate_bias, rows, 2 * c_.intermediate}, stream_);
  swiglu<T>({.y = gate_and_up_.data(), .out = activated_.data(), .rows = rows, .width = c_.intermediate},
            stream_);
}

template <class T>
void CudaLayers<T>::attend(const PassPart& part, const CudaWeights::Layer& layer, int index) {
  const PagedCache<T> cache = pool_.layer<T>(index, part.table, part.table_stride);
  const std::size_t kind = c_.mixes_windows() && c_.window_of(index) > 0 ? 1 : 0;
  const PassPart::Attention& attention = part.attention[kind];
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
                     .rows = attention.rows,
                     .order = attention.order,
                     .items = attention.items,
                     .paths = part.paths,
                     .part_sums = part_sums_.data(),
                     .part_statistics = part_statistics_.data(),
                     .out = attended_.data(),
                     .row_count = part.size.rows,
                     .item_count = part.size.items[kind],
                     .counts = attention.counts,
                     .heads = c_.heads,
                     .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(c_.head_dim)))},
                    stream_);
}

template class CudaLayers<Bf16>;
template class CudaLayers<F16>;

}  // namespace speclab
