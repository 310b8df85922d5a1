#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/cost/catalogue.h"
#include "experiments/bench/cuda/bench_program.h"
#include "experiments/bench/cuda/kernel_cases.h"
#include "kernels/cuda/cache_keep.h"
#include "kernels/cuda/number.h"
#include "kernels/cuda/rope.h"
#include "kernels/cuda/tree_attention.h"

namespace speclab {
namespace {

// One layer's cache for each operand set, of so many sequences. Their pages alternate.
class Caches {
 public:
  Caches(DeviceTiming& timing, const ModelShape& shape, int sequences, int slots, int layers = 1)
      : shape_(shape), pages_((slots + kPagePositions - 1) / kPagePositions) {
    layer_ = static_cast<long long>(cache_elements(pages_ * sequences, shape.kv_heads, shape.head_dim));
    half_ = static_cast<double>(sizeof(Bf16)) * static_cast<double>(layer_) * layers;
    std::vector<int> table;
    for (int s = 0; s < sequences; ++s) {
      for (int p = 0; p < pages_; ++p) table.push_back(p * sequences + s);
    }
    table_ = on_device(table, timing.stream());
  }
  double bytes() const { return 2 * half_; }
  long long layer_stride() const { return layer_; }
  PagedCache<Bf16> of_set(const DeviceTiming& timing, int set) const {
    return {.keys = timing.rotating<Bf16>(2 * set, half_),
            .values = timing.rotating<Bf16>(2 * set + 1, half_),
            .table = table_.data(),
            .table_stride = pages_,
            .kv_heads = shape_.kv_heads,
            .head_dim = shape_.head_dim};
  }

 private:
  const ModelShape& shape_;
  int pages_;
  long long layer_ = 0;
  double half_ = 0;
  DeviceBuffer<int> table_;
};

// Trees of two branches at each node, by level: node n hangs from (n - 1) / 2, and 0 is the root. Without
// nodes each sequence has one row, of the text's last token.
struct Rows {
  Rows(int sequences, int context, int nodes) {
    for (int s = 0; s < sequences; ++s) {
      if (nodes == 0) rows.push_back({.sequence = s, .text = context});
      for (int node = 1; node <= nodes; ++node) {
        std::vector<int> path;
        for (int at = node; at > 0; at = (at - 1) / 2) path.insert(path.begin(), context + at - 1);
        rows.push_back({.sequence = s,
                        .text = context,
                        .path_begin = static_cast<int>(paths.size()),
                        .path_length = static_cast<int>(path.size())});
        paths.insert(paths.end(), path.begin(), path.end());
      }
    }
    for (const AttendRow& row : rows) pairs += row.keys();
    if (paths.empty()) paths.push_back(0);
  }
  std::vector<AttendRow> rows;
  std::vector<int> paths;
  double pairs = 0;
};

void measure_attention(benchmark::State& state, DeviceTiming& timing, const ModelShape& shape, int sequences,
                       int context, int nodes) {
  Stream& stream = timing.stream();
  const Rows work(sequences, context, nodes);
  const Caches caches(timing, shape, sequences, context + nodes);
  AttentionPlan plan;
  make_attention_plan(work.rows, shape.heads, shape.kv_heads, plan);
  const auto rows = on_device(plan.rows, stream);
  const auto items = on_device(plan.items, stream);
  const auto order = on_device(plan.order, stream), paths = on_device(work.paths, stream);
  const auto count = static_cast<std::size_t>(work.rows.size()),
             heads = static_cast<std::size_t>(shape.heads), parts = static_cast<std::size_t>(plan.parts),
             d = static_cast<std::size_t>(padded8(shape.head_dim));
  const DeviceBuffer<float> sums(parts * heads * d, "parts"), statistics(parts * heads * 2, "parts");
  const DeviceBuffer<Bf16> queries(count * heads * d, "queries"), out(count * (heads * d + 16), "attention");
  copy_bytes(queries.data(), timing.rotating<Bf16>(0, 0), queries.size() * sizeof(Bf16), stream);
  TreeAttention<Bf16> task;
  task.queries = queries.data();
  task.rows = rows.data();
  task.order = order.data();
  task.items = items.data();
  task.paths = paths.data();
  task.part_sums = sums.data();
  task.part_statistics = statistics.data();
  task.out = out.data();
  task.row_count = static_cast<int>(plan.rows.size());
  task.item_count = static_cast<int>(plan.items.size());
  task.heads = shape.heads;
  task.scale = 1 / std::sqrt(static_cast<float>(shape.head_dim));
  const double keys = static_cast<double>(sequences) * (context + nodes);
  measure_kernel(state, timing,
                 tree_attention_demand(static_cast<double>(count), keys, work.pairs, shape.heads,
                                       shape.kv_heads, shape.head_dim),
                 timing.sets(caches.bytes()), [&](int set) {
                   task.cache = caches.of_set(timing, set);
                   tree_attention(task, stream);
                 });
}

void measure_rope(benchmark::State& state, DeviceTiming& timing, const ModelShape& shape, int count) {
  constexpr int kContext = 512;
  const Caches caches(timing, shape, 1, kContext + count);
  std::vector<RowPlace> places;
  for (int i = 0; i < count; ++i) places.push_back({0, kContext + i, kContext + i});
  const auto on = on_device(places, timing.stream());
  const auto width = static_cast<std::size_t>(shape.heads * padded8(shape.head_dim));
  const DeviceBuffer<Bf16> queries(static_cast<std::size_t>(count) * width, "queries");
  RopeAndStore<Bf16> task;
  task.turns = timing.rotating<float>(0, 0);
  task.places = on.data();
  task.queries = queries.data();
  task.rows = count;
  task.heads = shape.heads;
  const double qkv_bytes = 4.0 * count * (shape.heads + 2 * shape.kv_heads) * shape.head_dim;
  // One size for both kinds of operands, so that they do not overlap.
  const double bytes = std::max(qkv_bytes, caches.bytes());
  measure_kernel(state, timing, rope_and_store_demand(count, shape.heads, shape.kv_heads, shape.head_dim),
                 timing.sets(2 * bytes), [&](int set) {
                   task.cache = caches.of_set(timing, set);
                   task.qkv = timing.rotating<float>(timing.sets(2 * bytes) + set, bytes);
                   rope_and_store(task, timing.stream());
                 });
}

// Of a tree's nodes every other one is kept, in all layers.
void measure_keep(benchmark::State& state, DeviceTiming& timing, const ModelShape& shape, int kept) {
  constexpr int kContext = 512;
  const Caches caches(timing, shape, 1, kContext + 2 * kept, shape.layers);
  std::vector<int> from;
  for (int i = 0; i < kept; ++i) from.push_back(kContext + 2 * i + 1);
  const auto from_device = on_device(from, timing.stream());
  const auto paths = on_device(std::vector<KeptSlots>{{0, kContext, 0, kept}}, timing.stream());
  CacheKeep<Bf16> task;
  task.layer_stride = caches.layer_stride();
  task.paths = paths.data();
  task.from = from_device.data();
  task.path_count = 1;
  task.layers = shape.layers;
  measure_kernel(state, timing, cache_keep_demand(kept, shape.layers, shape.kv_heads, shape.head_dim),
                 timing.sets(caches.bytes()), [&](int set) {
                   task.first_layer = caches.of_set(timing, set);
                   keep_in_cache(task, timing.stream());
                 });
}

constexpr int kLongest = 32768, kLargestBatch = 64, kBatchContext = 512, kMaxNodes = 64;

}  // namespace

std::size_t largest_operands(const ModelShape& shape) {
  const double position = 4.0 * shape.kv_heads * padded8(shape.head_dim);  // keys and values of a layer
  const double attention =
      position * std::max(kLongest + kMaxNodes, kLargestBatch * (kBatchContext + kMaxNodes));
  const double keep = position * shape.layers * (kBatchContext + kMaxNodes);
  const double head = 2.0 * shape.vocab * padded16(shape.hidden);
  return static_cast<std::size_t>(2 * std::max({attention, keep, head}));  // two sets at least
}

void add_attention_cases(DeviceTiming& timing, const ModelShape& shape) {
  const std::string name = slug(shape.name);
  for (const int context : {512, 2048, 8192, kLongest}) {
    for (const int nodes : {0, 1, 4, 16, kMaxNodes}) {
      add_case(fmt::format("tree_attention/{}/context:{}/nodes:{}", name, context, nodes),
               [&timing, shape, context, nodes](auto& state) {
                 measure_attention(state, timing, shape, 1, context, nodes);
               });
    }
  }
  for (const int sequences : {4, 16, kLargestBatch}) {
    for (const int nodes : {0, 8}) {
      add_case(fmt::format("tree_attention/{}/context:{}/nodes:{}/batch:{}", name, kBatchContext, nodes,
                           sequences),
               [&timing, shape, sequences, nodes](auto& state) {
                 measure_attention(state, timing, shape, sequences, kBatchContext, nodes);
               });
    }
  }
  for (const int rows : {1, 2, 4, 8, 16, 32, 64}) {
    add_case(fmt::format("rope_and_store/{}/rows:{}", name, rows),
             [&timing, shape, rows](auto& state) { measure_rope(state, timing, shape, rows); });
  }
  for (const int kept : {1, 4, 16}) {
    add_case(fmt::format("keep_in_cache/{}/kept:{}", name, kept),
             [&timing, shape, kept](auto& state) { measure_keep(state, timing, shape, kept); });
  }
}

}  // namespace speclab
