#include "core/cost/roofline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/check.h"
#include "core/cost/demand.h"
#include "core/cost/tensor_parallel.h"
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
    return table[n];
  SPECLAB_CHECK(n >= 0, "{} tokens or rows", n);
  if (n >= kRemembered) return scratch = compute(n);
  const std::size_t size = std::max<std::size_t>({16, 2 * table.size(), static_cast<std::size_t>(n) + 1});
  while (table.size() < size) table.push_back(compute(static_cast<int>(table.size())));
  return table[n];
}

}  // namespace

double padded_tokens(const Efficiency& efficiency, double tokens, bool quantised) {
  const double tile = tokens > kSmall ? efficiency.large_tile
                      : quantised     ? efficiency.quantised_tile
                                      : efficiency.small_tile;
  return tile * std::ceil(tokens / tile);
}

Roofline::Roofline(Device device, ModelShape target, std::vector<ModelShape> drafts, int tensor_parallel)
    : device_(std::move(device)) {
  models_.push_back(prepared(std::move(target), tensor_parallel));
  for (ModelShape& draft : drafts) models_.push_back(prepared(std::move(draft), tensor_parallel));
}

int Roofline::add_draft(ModelShape shape, int tensor_parallel) {
  models_.push_back(prepared(std::move(shape), tensor_parallel));
  return static_cast<int>(models_.size()) - 2;
}

void Roofline::offload(Actor actor, double part) {
  SPECLAB_CHECK(part >= 0 && part <= 1, "{} of a model", part);
  if (part > 0 && device_.host_link_bytes_per_second <= 0) {
    throw ConfigError(fmt::format(
        "{} has no host_link, so that nothing can be brought from its host's memory", device_.name));
  }
  Model& one = models_[index(actor)];
  one.offloaded = part;
  one.layers_of.clear();
}

Roofline::Model Roofline::prepared(ModelShape shape, int devices) const {
  if (devices < 1) throw ConfigError(fmt::format("tensor_parallel is {}; it must be at least 1", devices));
  if (devices > 1 && device_.link_bytes_per_second <= 0) {
    throw ConfigError(
        fmt::format("tensor_parallel is {}, but {} has no link to another", devices, device_.name));
  }
  if (const std::string why = indivisible(shape, devices); !why.empty())
    throw ImpossiblePoint(fmt::format("tensor_parallel is {}, but {}", devices, why));
  const Efficiency& efficiency = device_.efficiency;
  Model model;
  model.devices = devices;
  model.matrices = layer_matrices(shape);
  model.head = head_matrix(shape);
  // A key-value head is never cut: more devices than heads hold copies.
  const double shards = std::min(devices, shape.kv_heads);
  model.per_position =
      cache_bytes_per_position(shape) / (shards * efficiency.cache_bandwidth * device_.bytes_per_second);
  model.per_pair = 4.0 * shape.heads * shape.head_dim * shape.layers /
                   (devices * efficiency.compute * device_.fp16_flops_per_second);
  model.launch = efficiency.launch_seconds * shape.layers;
  model.windowed_part = 1.0 * shape.windowed_layers / shape.layers;
  model.shape = std::move(shape);
  return model;
}

std::size_t Roofline::index(Actor actor) const {
  const int index = static_cast<int>(actor) - static_cast<int>(Actor::target);
  SPECLAB_CHECK(index >= 0 && index < static_cast<int>(models_.size()), "actor {} of {} models",
                static_cast<int>(actor), models_.size());
  return static_cast<std::size_t>(index);
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
  const int devices = model.devices;
  double streamed = 0;  // bytes
  for (const Matrices& matrices : model.matrices) {
    double copies = 1, tokens_each = tokens;
    if (matrices.routed) {
      copies = distinct_experts(model.shape.experts, tokens);
      tokens_each = tokens * model.shape.experts.per_token / copies;
    }
    const double weights = matrices.weights * matrices.layers * copies / devices;
    price.weights += product(model, weights, matrices.bits, tokens_each);
    streamed += weights * matrices.bits / 8;
    price.overhead += efficiency.kernel_seconds * matrices.products * matrices.layers;
  }
  price.overhead += efficiency.layer_seconds * model.shape.layers + efficiency.pass_seconds;
  price.attention = efficiency.attention_seconds * model.shape.layers;
  price.offload =
      model.offloaded > 0
          ? model.offloaded * streamed / (efficiency.host_link_bandwidth * device_.host_link_bytes_per_second)
          : 0;
  if (devices > 1) {
    const double bytes = 2.0 * tokens * model.shape.hidden;  // 16-bit activations
    const Seconds latency =
        efficiency.all_reduce_seconds + efficiency.all_reduce_seconds_per_doubling * std::log2(devices);
    const Seconds transfer = 2.0 * (devices - 1) / devices * bytes / efficiency.all_reduce_bytes_per_second;
    price.communication = 2 * model.shape.layers * (latency + transfer);
  }
  return price;
}

Price Roofline::compute_head(const Model& model, int rows) const {
  if (rows <= 0) return {};
  return {.weights = product(model, model.head.weights / model.devices, model.head.bits, rows),
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
    case Op::commit:
      return {.cache = 2 * work.new_tokens * model(work.actor).per_position};
    case Op::draft:
      return {.host = efficiency.draft_seconds_per_token * work.new_tokens};
    case Op::judge:
      return {.host = efficiency.judge_seconds_per_row * work.rows};
    case Op::step:
      return {.host =
                  efficiency.host_seconds_per_step + efficiency.host_seconds_per_sequence * work.sequences};
    case Op::truncate:
      return {};
  }
  return {};
}

}  // namespace speclab
