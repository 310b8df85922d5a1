#include "core/cost/demand.h"

#include <cmath>

#include "core/cost/matrices.h"

namespace speclab {
namespace {

double block_weights(const ModelShape& shape, double width) {
  return static_cast<double>(shape.feed_forward_matrices) * shape.hidden * width;
}

}  // namespace

double distinct_experts(const Experts& experts, double tokens) {
  if (tokens <= 0) return 0;
  const double all = experts.count;
  return all * (1 - std::pow(1 - experts.per_token / all, std::pow(tokens, experts.spread)));
}

double attention_weights(const ModelShape& shape) {
  if (shape.attention_weights > 0) return shape.attention_weights;
  return 2.0 * shape.hidden * shape.head_dim * (shape.heads + shape.kv_heads);  // q and o, k and v
}

double cache_width(const ModelShape& shape) {
  return shape.cache_width > 0 ? shape.cache_width : 2.0 * shape.kv_heads * shape.head_dim;
}

std::vector<Matrices> layer_matrices(const ModelShape& shape) {
  const WeightFormat& format = shape.weights;
  std::vector<Matrices> list{{attention_weights(shape), format.attention_bits, 2, shape.layers, false}};
  const int plain = shape.mixture() ? shape.experts.dense_layers : shape.layers;
  if (plain > 0) {
    list.push_back({block_weights(shape, shape.feed_forward), format.feed_forward_bits, 2, plain, false});
  }
  if (shape.mixture()) {
    const Experts& experts = shape.experts;
    const int mixed = shape.layers - plain;
    list.push_back({block_weights(shape, experts.width), format.feed_forward_bits, 2, mixed, true});
    list.push_back({1.0 * shape.hidden * experts.count, 16, 1, mixed, false});  // the router
    if (experts.shared_width > 0) {
      list.push_back({block_weights(shape, experts.shared_width), format.feed_forward_bits, 2, mixed, false});
    }
  }
  if (shape.extra_weights > 0) list.push_back({shape.extra_weights, format.feed_forward_bits, 1, 1, false});
  return list;
}

Matrices head_matrix(const ModelShape& shape) {
  return {1.0 * shape.hidden * shape.vocab, shape.weights.head_bits, 1, 1, false};
}

double parameters(const ModelShape& shape) {
  const double tables = shape.borrowed_embeddings ? 0 : shape.tied_embeddings ? 1 : 2;
  double sum = (tables * shape.vocab + shape.learned_positions) * shape.hidden;
  for (const Matrices& matrices : layer_matrices(shape)) {
    sum += matrices.weights * matrices.layers * (matrices.routed ? shape.experts.count : 1);
  }
  return sum;
}

double cache_bytes_per_position(const ModelShape& shape) {
  return cache_width(shape) * shape.layers * shape.cache_bits / 8;
}

Demand demand(const ModelShape& shape, const Work& work) {
  if (work.op == Op::commit) return {.cache_bytes = 2 * work.new_tokens * cache_bytes_per_position(shape)};
  if (work.op != Op::forward) return {};
  Demand sum;
  const double tokens = work.new_tokens;
  for (const Matrices& matrices : layer_matrices(shape)) {
    const double times = matrices.routed ? shape.experts.per_token : 1;
    const double streamed = matrices.routed ? distinct_experts(shape.experts, tokens) : tokens > 0 ? 1 : 0;
    sum.flops += 2 * matrices.weights * matrices.layers * times * tokens;
    sum.weight_bytes += matrices.weights * matrices.layers * streamed * matrices.bits / 8;
  }
  const Matrices head = head_matrix(shape);
  sum.flops += 2 * head.weights * work.rows;
  if (work.rows > 0) sum.weight_bytes += head.weights * head.bits / 8;
  const double windowed = 1.0 * shape.windowed_layers / shape.layers;
  const double pairs = seen(static_cast<double>(work.pairs), shape.window * tokens, windowed);
  const double context =
      seen(static_cast<double>(work.context), 1.0 * shape.window * work.sequences, windowed);
  sum.flops += 4.0 * shape.heads * shape.head_dim * shape.layers * pairs;
  sum.cache_bytes = (context + tokens) * cache_bytes_per_position(shape);
  return sum;
}

}  // namespace speclab
