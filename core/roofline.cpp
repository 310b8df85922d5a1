#include "core/roofline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/check.h"
#include "core/demand.h"
#include "core/errors.h"

namespace speclab {
namespace {

constexpr double kSmall = 64;      // tokens; where the fitted tiles change
constexpr int kRemembered = 1024;  // longer passes are rare and priced afresh

double relative_bandwidth(const Efficiency& efficiency, double bits) {
  return bits > 11 ? 1 : bits > 5.5 ? efficiency.bits8_bandwidth : efficiency.bits4_bandwidth;
}

double flops_per_second(const Device& device, ProductFormat arithmetic) {
  const double wanted = arithmetic == ProductFormat::fp8    ? device.fp8_flops_per_second
                        : arithmetic == ProductFormat::int8 ? device.int8_flops_per_second
                                                            : device.fp16_flops_per_second;
  return wanted > 0 ? wanted : device.fp16_flops_per_second;
}

// The value for n: of a table that is filled as far as was asked, each place once; a long pass, which is
// rare, is computed into `scratch`.
template <typename Compute>
const Price& remembered(std::vector<Price>& table, Price& scratch, int n, Compute compute) {
  if (static_cast<std::size_t>(n) < table.size()) [[likely]]
    return table[static_cast<std::size_t>(n)];
  SPECLAB_CHECK(n >= 0, "{} tokens or rows", n);
  if (n >= kRemembered) return scratch = compute(n);
  const std::size_t size = std::max<std::size_t>({16, 2 * table.size(), static_cast<std::size_t>(n) + 1});
  while (table.size() < size) table.push_back(compute(static_cast<int>(table.size())));
  return table[static_cast<std::size_t>(n)];
}

}  // namespace

double padded_tokens(const Efficiency& efficiency, double tokens, bool quantised) {
  const double tile = tokens > kSmall ? efficiency.large_tile
                      : quantised     ? efficiency.quantised_tile
                                      : efficiency.small_tile;
  return tile * std::ceil(tokens / tile);
}

Roofline::Roofline(Device device, ModelShape target, std::vector<ModelShape> drafts, int tensor_parallel)
    : device_(std::move(device)), devices_(tensor_parallel) {
  if (devices_ < 1) throw ConfigError(fmt::format("tensor_parallel is {}; it must be at least 1", devices_));
  if (devices_ > 1 && device_.link_bytes_per_second <= 0) {
    throw ConfigError(
        fmt::format("tensor_parallel is {}, but {} has no link to another", devices_, device_.name));
  }
  models_.push_back(prepared(std::move(target)));
  for (ModelShape& draft : drafts) models_.push_back(prepared(std::move(draft)));
}

int Roofline::add_draft(ModelShape shape) {
  models_.push_back(prepared(std::move(shape)));
  return static_cast<int>(models_.size()) - 2;
}

Roofline::Model Roofline::prepared(ModelShape shape) const {
  const Efficiency& efficiency = device_.efficiency;
  Model model;
  model.matrices = layer_matrices(shape);
  model.head = head_matrix(shape);
  // A key-value head is never cut: more devices than heads hold copies.
  const double shards = std::min(devices_, shape.kv_heads);
  model.per_position =
      cache_bytes_per_position(shape) / (shards * efficiency.cache_bandwidth * device_.bytes_per_second);
  model.per_pair = 4.0 * shape.heads * shape.head_dim * shape.layers /
                   (devices_ * efficiency.compute * device_.fp16_flops_per_second);
  model.launch = efficiency.launch_seconds * shape.layers;
  model.windowed_part = 1.0 * shape.windowed_layers / shape.layers;
  model.shape = std::move(shape);
  return model;
}

const Roofline::Model& Roofline::model(Actor actor) const {
  const int index = static_cast<int>(actor) - static_cast<int>(Actor::target);
  SPECLAB_CHECK(index >= 0 && index < static_cast<int>(models_.size()), "actor {} of {} models",
                static_cast<int>(actor), models_.size());
  return models_[static_cast<std::size_t>(index)];
}

// One kind of product without its starts: the p-norm of streaming and computing (configs/devices/README.md).
Seconds Roofline::product(const Model& model, double weights, double bits, double tokens) const {
  const Efficiency& efficiency = device_.efficiency;
  const double bandwidth = efficiency.weights_bandwidth * relative_bandwidth(efficiency, bits);
  const Seconds stream = weights * bits / 8 / (bandwidth * device_.bytes_per_second);
  const ProductFormat arithmetic = model.shape.weights.arithmetic;
  const bool quantised = bits <= 11 && arithmetic == ProductFormat::fp16;
  const Seconds compute = 2 * weights * padded_tokens(efficiency, tokens, quantised) /
                          (efficiency.compute * flops_per_second(device_, arithmetic));
  const Seconds longer = std::max(stream, compute);
  const double ratio = std::min(stream, compute) / longer;
  return longer * std::pow(1 + std::pow(ratio, efficiency.knee), 1 / efficiency.knee);
}

Price Roofline::compute_layers(const Model& model, int tokens) const {
  Price price;
  if (tokens <= 0) return price;
  const Efficiency& efficiency = device_.efficiency;
  for (const Matrices& matrices : model.matrices) {
    double copies = 1, tokens_each = tokens;
    if (matrices.routed) {
      copies = distinct_experts(model.shape.experts, tokens);
      tokens_each = tokens * model.shape.experts.per_token / copies;
    }
    price.weights +=
        product(model, matrices.weights * matrices.layers * copies / devices_, matrices.bits, tokens_each);
    price.overhead += efficiency.kernel_seconds * matrices.products * matrices.layers;
  }
  price.overhead += efficiency.layer_seconds * model.shape.layers + efficiency.pass_seconds;
  price.attention = efficiency.attention_seconds * model.shape.layers;
  if (devices_ > 1) {
    const double bytes = 2.0 * tokens * model.shape.hidden;  // 16-bit activations
    const Seconds latency =
        efficiency.all_reduce_seconds + efficiency.all_reduce_seconds_per_doubling * std::log2(devices_);
    const Seconds transfer = 2.0 * (devices_ - 1) / devices_ * bytes / efficiency.all_reduce_bytes_per_second;
    price.communication = 2 * model.shape.layers * (latency + transfer);
  }
  return price;
}

Price Roofline::compute_head(const Model& model, int rows) const {
  if (rows <= 0) return {};
  return {.weights = product(model, model.head.weights / devices_, model.head.bits, rows),
          .overhead = device_.efficiency.kernel_seconds * model.head.products};
}

Price Roofline::layers(Actor actor, int tokens) const { return compute_layers(model(actor), tokens); }
Price Roofline::head(Actor actor, int rows) const { return compute_head(model(actor), rows); }

Price Roofline::explain(const Work& work) const {
  const Efficiency& efficiency = device_.efficiency;
  switch (work.op) {
    case Op::forward: {
      const Model& one = model(work.actor);
      const Price& rows =
          remembered(one.head_of, one.long_head, work.rows, [&](int n) { return compute_head(one, n); });
      Price price = remembered(one.layers_of, one.long_layers, work.new_tokens,
                               [&](int n) { return compute_layers(one, n); });
      price.weights += rows.weights;
      price.overhead += rows.overhead;
      const double window = one.shape.window;
      const double context =
          seen(static_cast<double>(work.context), window * work.sequences, one.windowed_part);
      const double pairs = seen(static_cast<double>(work.pairs), window * work.new_tokens, one.windowed_part);
      price.attention += std::max((context + work.new_tokens) * one.per_position, pairs * one.per_pair);
      if (one.launch > 0) price.overhead += std::max(0.0, one.launch - price.total());
      return price;
    }
    case Op::keep:
      return {.cache = 2 * work.new_tokens * model(work.actor).per_position};
    case Op::draft:
      return {.host = efficiency.draft_seconds_per_token * work.new_tokens};
    case Op::judge:
      return {.host = efficiency.judge_seconds_per_row * work.rows};
    case Op::step:
      return {.host =
                  efficiency.host_seconds_per_step + efficiency.host_seconds_per_sequence * work.sequences};
    case Op::rewind:
      return {};
  }
  return {};
}

}  // namespace speclab
